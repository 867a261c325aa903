// The WebAssembly twin of src/directions/javascript.ts: the same operations in the same order, so the same bits.
// Built by `npx tsx tools/kernels/build.ts`.
export { keystream } from "./chacha";
export { accumulate, clear, perturb, pulledStep, scale, squares, step } from "./elementwise";
export { gaussian } from "./gaussian";
export { rademacher } from "./rademacher";
