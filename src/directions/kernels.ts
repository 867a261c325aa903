import type { Workspace } from "./workspace.js";

/**
 * The inner loops, over a workspace; two twins implement them with the same bits.
 *
 * Loops may run on to the next multiple of four values; what lies past `count` is never read.
 */
export interface DirectionKernels {
  readonly name: "wasm-simd" | "javascript";
  readonly workspace: Workspace;
  /** `words` = the ChaCha keystream of `blocks` blocks from block `first` on; 4 double rounds are ChaCha8. */
  keystream(first: number, blocks: number, doubleRounds: number): void;
  /** `values` = standard normal values from the words of `blocks` blocks. */
  gaussian(blocks: number): void;
  /** `values` = +1 and -1, one for each bit of `count` words. */
  rademacher(count: number): void;
  /** `values` *= factor. */
  scale(count: number, factor: number): void;
  /** `plus` = weights + smoothing * values, `minus` = weights - smoothing * values. */
  perturb(count: number, smoothing: number): void;
  /** `accumulator` = 0. */
  clear(count: number): void;
  /** `accumulator` += coefficient * values. */
  accumulate(count: number, coefficient: number): void;
  /** `weights` -= learningRate * accumulator. */
  step(count: number, learningRate: number): void;
  /** `weights` = (weights + pull * minus - learningRate * accumulator) / (1 + pull). */
  pulledStep(count: number, learningRate: number, pull: number): void;
  /** `squares`[i mod 4] += values[i]^2 in f64, i ascending; `count` is a multiple of four. */
  squares(count: number): void;
}
