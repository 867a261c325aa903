// Where each buffer of the one-page memory lies; src/directions/workspace.ts has the same figures.
// A region holds one chunk of 2,048 four-byte values, so that the three a loop touches stay in the first-level cache.

/** 8 words of ChaCha key, then 3 words of nonce. */
export const KEY: usize = 0;
/** 4 sums of squares, f64. */
export const SQUARES: usize = 64;
/** Keystream words, then the values made from them. */
export const WORDS: usize = 128;
export const VALUES: usize = WORDS + 8192;
export const WEIGHTS: usize = VALUES + 8192;
export const PLUS: usize = WEIGHTS + 8192;
/** The other perturbed copy; in an update, the anchor of the proximal step. */
export const MINUS: usize = PLUS + 8192;
export const ACCUMULATOR: usize = MINUS + 8192;
// The region ends at 49,280; constants lie from 49,408 on (see tools/kernels/build.ts).
