import type { Workspace } from "./workspace.js";

/** "expand 32-byte k" as four little-endian words. */
const constants = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

const wordsPerBlock = 16;

/**
 * The ChaCha keystream (RFC 8439, section 2.3: 256-bit key, 32-bit block counter, 96-bit nonce).
 *
 * Fills `workspace.words` with the `blocks` blocks from block `first` on; 10 double rounds are the RFC's ChaCha20,
 * 4 are ChaCha8, which is what directions use: they are public and need to look random, not to resist attack.
 */
export function keystream(workspace: Workspace, first: number, blocks: number, doubleRounds: number): void {
  const { key, nonce, words } = workspace;
  const initial = new Int32Array(wordsPerBlock);
  initial.set(constants);
  initial.set(key, 4);
  initial.set(nonce, 13);
  // Signed words stay small integers in the engine; unsigned ones would become doubles.
  const x = new Int32Array(wordsPerBlock);
  for (let block = 0; block < blocks; block++) {
    initial[12] = first + block;
    x.set(initial);
    for (let round = 0; round < doubleRounds; round++) doubleRound(x);
    for (let i = 0; i < wordsPerBlock; i++) {
      words[block * wordsPerBlock + i] = (x[i] ?? 0) + (initial[i] ?? 0);
    }
  }
}

function doubleRound(x: Int32Array): void {
  quarterRound(x, 0, 4, 8, 12);
  quarterRound(x, 1, 5, 9, 13);
  quarterRound(x, 2, 6, 10, 14);
  quarterRound(x, 3, 7, 11, 15);
  quarterRound(x, 0, 5, 10, 15);
  quarterRound(x, 1, 6, 11, 12);
  quarterRound(x, 2, 7, 8, 13);
  quarterRound(x, 3, 4, 9, 14);
}

function quarterRound(x: Int32Array, ia: number, ib: number, ic: number, id: number): void {
  let a = x[ia] ?? 0;
  let b = x[ib] ?? 0;
  let c = x[ic] ?? 0;
  let d = x[id] ?? 0;
  a = (a + b) | 0;
  d = rotate(d ^ a, 16);
  c = (c + d) | 0;
  b = rotate(b ^ c, 12);
  a = (a + b) | 0;
  d = rotate(d ^ a, 8);
  c = (c + d) | 0;
  b = rotate(b ^ c, 7);
  x[ia] = a;
  x[ib] = b;
  x[ic] = c;
  x[id] = d;
}

function rotate(v: number, left: number): number {
  return (v << left) | (v >>> (32 - left));
}
