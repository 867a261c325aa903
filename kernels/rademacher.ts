import { VALUES, WORDS } from "./layout";

/** Spreads each bit of `count` keystream WORDS into one of the VALUES +1 (bit clear) and -1 (bit set). */
export function rademacher(count: u32): void {
  const select = i32x4(1, 2, 4, 8);
  const one = f32x4.splat(1);
  const sign = i32x4.splat(0x80000000);
  let out: usize = VALUES;
  for (let word: u32 = 0; word < count; word++) {
    let bits = load<u32>(WORDS + ((<usize>word) << 2));
    const end = out + 128;
    while (out < end) {
      const chosen = v128.and(i32x4.splat(bits), select);
      v128.store(out, v128.or(one, v128.and(i32x4.eq(chosen, select), sign)));
      bits >>= 4;
      out += 16;
    }
  }
}
