import { chacha8 } from "@noble/ciphers/chacha.js";
import { expect, test } from "vitest";
import { createDirectionEngine, directionScale, type DirectionStream } from "./index.js";
import { directionKey } from "./key.js";

const runSeed = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 2);
const base: DirectionStream = { runSeed, step: 1, direction: 0, tensor: "w", distribution: "gaussian" };
const engine = createDirectionEngine();
const count = 2 ** 22;

function filled(change: Partial<DirectionStream>, length: number): Float32Array {
  const out = new Float32Array(length);
  engine.fill({ ...base, ...change }, out);
  return out;
}

/** Deviations of the first four moments from those of N(0, 1), in their own standard deviations. */
function momentScores(values: Float32Array): {
  mean: number;
  variance: number;
  skewness: number;
  kurtosis: number;
} {
  const sums = [0, 0, 0, 0];
  for (const x of values) {
    sums[0]! += x;
    sums[1]! += x * x;
    sums[2]! += x * x * x;
    sums[3]! += x * x * x * x;
  }
  const n = values.length;
  const root = Math.sqrt(n);
  const [mean, square, cube, fourth] = sums.map((sum) => sum / n) as [number, number, number, number];
  return {
    mean: Math.abs(mean) * root,
    variance: Math.abs(square - 1) * Math.sqrt(n / 2),
    skewness: Math.abs(cube) * Math.sqrt(n / 15),
    kurtosis: Math.abs(fourth - 3) * Math.sqrt(n / 96),
  };
}

/** The normal distribution function, by its series around 0 (converges fast for |x| < 7). */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

/** sqrt(n) times the largest gap between the empirical and the normal distribution function. */
function kolmogorovSmirnov(values: Float32Array): number {
  const sorted = values.slice().sort();
  const n = sorted.length;
  let gap = 0;
  sorted.forEach((x, i) => {
    const p = normalCdf(x);
    gap = Math.max(gap, (i + 1) / n - p, p - i / n);
  });
  return gap * Math.sqrt(n);
}

/** The correlation of two sequences of mean about 0, times sqrt(n): about N(0, 1) when they are independent. */
function correlationScore(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return (Math.abs(ab) / Math.sqrt(aa * bb)) * Math.sqrt(a.length);
}

test("gaussian: mean, variance, skewness and kurtosis of 4 million values; a scale 0.5 % off is rejected", () => {
  const values = filled({}, count);
  for (const score of Object.values(momentScores(values))) expect(score).toBeLessThan(4.5);
  const wrong = filled({ distribution: "sphere", scale: 1.005 }, count);
  expect(momentScores(wrong).variance).toBeGreaterThan(8);
  expect(momentScores(wrong).kurtosis).toBeGreaterThan(4.5);
  const shifted = values.map((x) => x + 0.005);
  expect(momentScores(shifted).mean).toBeGreaterThan(8);
});

test("gaussian: the tails hold as many values as they should, out to 5 sigma, on both sides", () => {
  const values = filled({ direction: 1 }, count);
  for (const sigma of [2, 3, 4, 5]) {
    const expected = count * (1 - normalCdf(sigma));
    for (const side of [1, -1]) {
      const seen = values.reduce((total, x) => total + (x * side > sigma ? 1 : 0), 0);
      expect(Math.abs(seen - expected)).toBeLessThan(4.5 * Math.sqrt(expected) + 3);
    }
  }
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(largest).toBeGreaterThan(4.6);
  expect(largest).toBeLessThan(6.67);
});

test("gaussian: Kolmogorov-Smirnov against the normal law; a scale 1 % off and a uniform law are rejected", () => {
  const values = filled({ direction: 2 }, 2 ** 20);
  const critical = 1.95; // probability 0.001
  expect(kolmogorovSmirnov(values)).toBeLessThan(critical);
  expect(kolmogorovSmirnov(values.map((x) => x * 1.01))).toBeGreaterThan(critical);
  expect(
    kolmogorovSmirnov(values.map((_, i) => Math.sqrt(12) * ((i + 0.5) / 2 ** 20 - 0.5))),
  ).toBeGreaterThan(critical);
});

test("streams that differ in tensor, step, direction or seed alone are independent, also in their magnitudes", () => {
  const n = 2 ** 19;
  const otherSeed = runSeed.slice();
  otherSeed[0]! ^= 1;
  const streams = [
    {},
    { tensor: "v" },
    { tensor: "W" },
    { tensor: "w.weight" },
    { step: 2 },
    { direction: 1 },
    { step: 0, direction: 1 },
    { runSeed: otherSeed },
    { distribution: "rademacher" },
  ] as const;
  const values = streams.map((change) => filled(change, n));
  const squares = values.map((x) => x.map((value) => value * value - 1));
  for (let a = 0; a < values.length; a++) {
    for (let b = a + 1; b < values.length; b++) {
      expect(correlationScore(values[a]!, values[b]!)).toBeLessThan(4.5);
      if (b < values.length - 1) expect(correlationScore(squares[a]!, squares[b]!)).toBeLessThan(4.5);
    }
  }
  // A tensor whose values leak into another's at 1 % would be seen.
  const leaking = values[1]!.map((x, i) => x + 0.01 * values[0]![i]!);
  expect(correlationScore(values[0]!, leaking)).toBeGreaterThan(4.5);
});

test("neighbouring values, pairs that share a radius, and neighbouring blocks are independent", () => {
  const values = filled({ direction: 3 }, 2 ** 20);
  for (const lag of [1, 2, 4, 7, 8, 9, 16, 64, 512, 2048]) {
    const [head, tail] = [values.subarray(0, values.length - lag), values.subarray(lag)];
    expect(correlationScore(head, tail)).toBeLessThan(4.5);
    const squared = (x: Float32Array): Float32Array => x.map((value) => value * value - 1);
    expect(correlationScore(squared(head), squared(tail))).toBeLessThan(4.5);
  }
});

test("rademacher: one keystream bit a weight, index i from word i >> 5, bit i & 31; set means -1", () => {
  const length = 10_000;
  const values = filled({ distribution: "rademacher", step: 9, direction: 5 }, length);
  const key = new Uint8Array(directionKey(runSeed, "w").slice().buffer);
  const nonce = new Uint8Array(Uint32Array.of(9, 5, 2).buffer);
  const stream = chacha8(key, nonce, new Uint8Array(Math.ceil(length / 512) * 64));
  const wrong = values.findIndex((value, i) => value !== ((stream[i >> 3]! >> (i & 7)) & 1 ? -1 : 1));
  expect(wrong).toBe(-1);
});

test("rademacher: balanced in all, and at each of the 512 places of a block; a bias of 0.5 % is rejected", () => {
  const values = filled({ distribution: "rademacher" }, count);
  const sum = values.reduce((total, value) => total + value, 0);
  expect(Math.abs(sum) / Math.sqrt(count)).toBeLessThan(4.5);
  const places = new Array<number>(512).fill(0);
  values.forEach((value, i) => (places[i % 512]! += value));
  const chiSquare = places.reduce((total, place) => total + place ** 2 / (count / 512), 0);
  expect(Math.abs(chiSquare - 512) / Math.sqrt(2 * 512)).toBeLessThan(4.5);
  expect(values.every((value) => value === 1 || value === -1)).toBe(true);
  const biased = values.reduce((total, value, i) => total + (i % 200 === 0 ? 1 : value), 0);
  expect(Math.abs(biased) / Math.sqrt(count)).toBeGreaterThan(4.5);
});

test("sphere: all tensors together have norm sqrt(d); their values are gaussian's times one factor", () => {
  const tensors = [
    { name: "w", length: 3001 },
    { name: "v", length: 70 },
    { name: "bias", length: 1 },
  ];
  for (const prefer of ["javascript", "wasm-simd"] as const) {
    const own = createDirectionEngine({ prefer });
    const direction = { runSeed, step: 8, direction: 1 };
    const scale = directionScale(own, { ...direction, distribution: "sphere" }, tensors);
    let square = 0;
    for (const { name, length } of tensors) {
      const [sphere, gaussian] = [new Float32Array(length), new Float32Array(length)];
      own.fill({ ...direction, tensor: name, distribution: "sphere", scale }, sphere);
      own.fill({ ...direction, tensor: name, distribution: "gaussian" }, gaussian);
      expect(sphere.every((value, i) => value === Math.fround(gaussian[i]! * scale))).toBe(true);
      square += sphere.reduce((total, value) => total + value * value, 0);
    }
    expect(Math.abs(square / 3072 - 1)).toBeLessThan(1e-6);
    expect(Math.abs(scale - 1)).toBeGreaterThan(1e-5);
    expect(directionScale(own, { ...direction, distribution: "gaussian" }, tensors)).toBe(1);
    expect(directionScale(own, { ...direction, distribution: "rademacher" }, tensors)).toBe(1);
  }
});

test("sphere: no weights, no sphere", () => {
  expect(() => directionScale(engine, { ...base, distribution: "sphere" }, [])).toThrow(
    expect.objectContaining({ code: "invalid-scale" }),
  );
});
