// ChaCha (RFC 8439: 256-bit key, 32-bit block counter, 96-bit nonce) for four consecutive blocks at a time: word i
// of the four states lies in the four lanes of x_i. The double round is written out because sixteen vectors can be
// neither returned from a function nor indexed; this makes the file longer than the house rule.
import { KEY, WORDS } from "./layout";

/** Rotates each lane left by 16. */
function rotate16(v: v128): v128 {
  return i8x16.shuffle(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

/** Rotates each lane left by 12. */
function rotate12(v: v128): v128 {
  return v128.or(i32x4.shl(v, 12), i32x4.shr_u(v, 20));
}

/** Rotates each lane left by 8. */
function rotate8(v: v128): v128 {
  return v128.or(i32x4.shl(v, 8), i32x4.shr_u(v, 24));
}

/** Rotates each lane left by 7. */
function rotate7(v: v128): v128 {
  return v128.or(i32x4.shl(v, 7), i32x4.shr_u(v, 25));
}

/** Word `index` of the key and nonce, in all four lanes. */
function keyWord(index: usize): v128 {
  return v128.load32_splat(KEY + (index << 2));
}

/** Stores words 4 * `quarter` to 4 * `quarter` + 3 of the four blocks, from lanes to block order. */
function storeQuarter(out: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(out, v128.shuffle<i64>(a, b, 1, 3), 64);
  v128.store(out, v128.shuffle<i64>(c, d, 0, 2), 128);
  v128.store(out, v128.shuffle<i64>(c, d, 1, 3), 192);
}

/**
 * Writes the keystream of `blocks` blocks from block `first` on to WORDS, 16 words a block, rounded up to whole
 * groups of four blocks. `doubleRounds` is 4 for ChaCha8, 10 for ChaCha20.
 */
export function keystream(first: u32, blocks: u32, doubleRounds: u32): void {
  let out: usize = WORDS;
  for (let block: u32 = 0; block < blocks; block += 4) {
    const counter = i32x4.add(i32x4.splat(first + block), i32x4(0, 1, 2, 3));
    let x0 = i32x4.splat(0x61707865);
    let x1 = i32x4.splat(0x3320646e);
    let x2 = i32x4.splat(0x79622d32);
    let x3 = i32x4.splat(0x6b206574);
    let x4 = keyWord(0);
    let x5 = keyWord(1);
    let x6 = keyWord(2);
    let x7 = keyWord(3);
    let x8 = keyWord(4);
    let x9 = keyWord(5);
    let x10 = keyWord(6);
    let x11 = keyWord(7);
    let x12 = counter;
    let x13 = keyWord(8);
    let x14 = keyWord(9);
    let x15 = keyWord(10);
    for (let round: u32 = 0; round < doubleRounds; round++) {
      x0 = i32x4.add(x0, x4);
      x1 = i32x4.add(x1, x5);
      x2 = i32x4.add(x2, x6);
      x3 = i32x4.add(x3, x7);
      x12 = rotate16(v128.xor(x12, x0));
      x13 = rotate16(v128.xor(x13, x1));
      x14 = rotate16(v128.xor(x14, x2));
      x15 = rotate16(v128.xor(x15, x3));
      x8 = i32x4.add(x8, x12);
      x9 = i32x4.add(x9, x13);
      x10 = i32x4.add(x10, x14);
      x11 = i32x4.add(x11, x15);
      x4 = rotate12(v128.xor(x4, x8));
      x5 = rotate12(v128.xor(x5, x9));
      x6 = rotate12(v128.xor(x6, x10));
      x7 = rotate12(v128.xor(x7, x11));
      x0 = i32x4.add(x0, x4);
      x1 = i32x4.add(x1, x5);
      x2 = i32x4.add(x2, x6);
      x3 = i32x4.add(x3, x7);
      x12 = rotate8(v128.xor(x12, x0));
      x13 = rotate8(v128.xor(x13, x1));
      x14 = rotate8(v128.xor(x14, x2));
      x15 = rotate8(v128.xor(x15, x3));
      x8 = i32x4.add(x8, x12);
      x9 = i32x4.add(x9, x13);
      x10 = i32x4.add(x10, x14);
      x11 = i32x4.add(x11, x15);
      x4 = rotate7(v128.xor(x4, x8));
      x5 = rotate7(v128.xor(x5, x9));
      x6 = rotate7(v128.xor(x6, x10));
      x7 = rotate7(v128.xor(x7, x11));
      x0 = i32x4.add(x0, x5);
      x1 = i32x4.add(x1, x6);
      x2 = i32x4.add(x2, x7);
      x3 = i32x4.add(x3, x4);
      x15 = rotate16(v128.xor(x15, x0));
      x12 = rotate16(v128.xor(x12, x1));
      x13 = rotate16(v128.xor(x13, x2));
      x14 = rotate16(v128.xor(x14, x3));
      x10 = i32x4.add(x10, x15);
      x11 = i32x4.add(x11, x12);
      x8 = i32x4.add(x8, x13);
      x9 = i32x4.add(x9, x14);
      x5 = rotate12(v128.xor(x5, x10));
      x6 = rotate12(v128.xor(x6, x11));
      x7 = rotate12(v128.xor(x7, x8));
      x4 = rotate12(v128.xor(x4, x9));
      x0 = i32x4.add(x0, x5);
      x1 = i32x4.add(x1, x6);
      x2 = i32x4.add(x2, x7);
      x3 = i32x4.add(x3, x4);
      x15 = rotate8(v128.xor(x15, x0));
      x12 = rotate8(v128.xor(x12, x1));
      x13 = rotate8(v128.xor(x13, x2));
      x14 = rotate8(v128.xor(x14, x3));
      x10 = i32x4.add(x10, x15);
      x11 = i32x4.add(x11, x12);
      x8 = i32x4.add(x8, x13);
      x9 = i32x4.add(x9, x14);
      x5 = rotate7(v128.xor(x5, x10));
      x6 = rotate7(v128.xor(x6, x11));
      x7 = rotate7(v128.xor(x7, x8));
      x4 = rotate7(v128.xor(x4, x9));
    }
    x0 = i32x4.add(x0, i32x4.splat(0x61707865));
    x1 = i32x4.add(x1, i32x4.splat(0x3320646e));
    x2 = i32x4.add(x2, i32x4.splat(0x79622d32));
    x3 = i32x4.add(x3, i32x4.splat(0x6b206574));
    x4 = i32x4.add(x4, keyWord(0));
    x5 = i32x4.add(x5, keyWord(1));
    x6 = i32x4.add(x6, keyWord(2));
    x7 = i32x4.add(x7, keyWord(3));
    x8 = i32x4.add(x8, keyWord(4));
    x9 = i32x4.add(x9, keyWord(5));
    x10 = i32x4.add(x10, keyWord(6));
    x11 = i32x4.add(x11, keyWord(7));
    x12 = i32x4.add(x12, counter);
    x13 = i32x4.add(x13, keyWord(8));
    x14 = i32x4.add(x14, keyWord(9));
    x15 = i32x4.add(x15, keyWord(10));
    storeQuarter(out, x0, x1, x2, x3);
    storeQuarter(out + 16, x4, x5, x6, x7);
    storeQuarter(out + 32, x8, x9, x10, x11);
    storeQuarter(out + 48, x12, x13, x14, x15);
    out += 256;
  }
}
