import { kernelBase64 } from "./kernel.generated.js";
import type { DirectionKernels } from "./kernels.js";
import { workspaceIn } from "./workspace.js";

type KernelExports = Omit<DirectionKernels, "name" | "workspace"> & { readonly memory: WebAssembly.Memory };

let compiled: WebAssembly.Module | undefined;

/** The WebAssembly twin, or undefined where WebAssembly, its SIMD or compiling at run time is not to be had. */
export function webAssemblyKernels(): DirectionKernels | undefined {
  if (typeof WebAssembly === "undefined" || !isLittleEndian()) return undefined;
  compiled ??= compile();
  if (compiled === undefined) return undefined;
  // The one place where the module's exports get their types; kernels/index.ts lists them.
  const kernels = new WebAssembly.Instance(compiled).exports as unknown as KernelExports;
  return { ...kernels, name: "wasm-simd", workspace: workspaceIn(kernels.memory.buffer) };
}

/** A page's content security policy may forbid compiling; the twin gives the same bits, so that is no error. */
function compile(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(
      Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0)),
    );
  } catch {
    return undefined;
  }
}

/** WebAssembly memory is little-endian; typed arrays have the machine's order. */
function isLittleEndian(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
}
