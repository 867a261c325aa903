/** How many values one chunk holds: small enough that the buffers a loop touches stay in the fastest cache. */
export const chunkValues = 2048;

/** The fixed buffers the kernels work on; a tensor of any length passes through them chunk by chunk. */
export interface Workspace {
  /** The 8 words of the ChaCha key. */
  readonly key: Uint32Array;
  /** The 3 words of the nonce: step, direction, distribution tag. */
  readonly nonce: Uint32Array;
  /** Four running sums of squares. */
  readonly squares: Float64Array;
  /** Keystream words. */
  readonly words: Uint32Array;
  /** The direction's values, made from `words`. */
  readonly values: Float32Array;
  readonly weights: Float32Array;
  readonly plus: Float32Array;
  /** The other perturbed copy; in an update, the anchor. */
  readonly minus: Float32Array;
  readonly accumulator: Float32Array;
}

const regionBytes = chunkValues * 4;
const wordsStart = 128;

/** What the layout needs; the WebAssembly twin's memory is one page, 65,536 bytes. */
export const workspaceBytes: number = wordsStart + 6 * regionBytes;

/** Lays the buffers out in `buffer`, at the places that kernels/layout.ts states too. */
export function workspaceIn(buffer: ArrayBuffer): Workspace {
  const region = (index: number): Float32Array =>
    new Float32Array(buffer, wordsStart + index * regionBytes, chunkValues);
  return {
    key: new Uint32Array(buffer, 0, 8),
    nonce: new Uint32Array(buffer, 32, 3),
    squares: new Float64Array(buffer, 64, 4),
    words: new Uint32Array(buffer, wordsStart, chunkValues),
    values: region(1),
    weights: region(2),
    plus: region(3),
    minus: region(4),
    accumulator: region(5),
  };
}
