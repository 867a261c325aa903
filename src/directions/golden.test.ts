import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createDirectionEngine, type DirectionStream } from "./index.js";

// Made by tools/kernels/reference.py, which reads the definition anew in another language.
interface GoldenStream extends Omit<DirectionStream, "runSeed"> {
  readonly runSeed: string;
}
interface Golden {
  readonly fills: readonly { stream: GoldenStream; firstIndex: number; values: string }[];
  readonly squaredNorm: { stream: GoldenStream; length: number; value: string };
  readonly weights: string;
  readonly anchor: string;
  readonly perturb: { stream: GoldenStream; smoothing: number; plus: string; minus: string };
  readonly update: {
    streams: readonly GoldenStream[];
    coefficients: number[];
    learningRate: number;
    pull: number;
    plain: string;
    pulled: string;
  };
}

const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url), "utf8")) as Golden;

function stream(record: GoldenStream): DirectionStream {
  return { ...record, runSeed: Uint8Array.from(Buffer.from(record.runSeed, "hex")) };
}

function hex(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeFloatBE(value, i * 4));
  return bytes.toString("hex");
}

function floats(text: string): Float32Array {
  const bytes = Buffer.from(text, "hex");
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatBE(i * 4));
}

for (const prefer of ["javascript", "wasm-simd"] as const) {
  const engine = createDirectionEngine({ prefer });

  test(`${prefer}: the engine that was asked for is the one that runs`, () => {
    expect(engine.name).toBe(prefer);
  });

  for (const { stream: record, firstIndex, values } of golden.fills) {
    const { distribution, step, direction, tensor } = record;
    const title = `${distribution}, step ${step}, direction ${direction}, ${tensor}, from ${firstIndex}`;
    test(`${prefer}: golden values: ${title}`, () => {
      const out = new Float32Array(values.length / 8);
      engine.fill(stream(record), out, firstIndex);
      expect(hex(out)).toBe(values);
    });
  }

  test(`${prefer}: golden squared norm`, () => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(engine.squaredNorm(stream(golden.squaredNorm.stream), golden.squaredNorm.length));
    expect(bytes.toString("hex")).toBe(golden.squaredNorm.value);
  });

  test(`${prefer}: golden perturbation`, () => {
    const weights = floats(golden.weights);
    const plus = new Float32Array(weights.length);
    const minus = new Float32Array(weights.length);
    engine.perturb(weights, stream(golden.perturb.stream), golden.perturb.smoothing, plus, minus);
    expect([hex(plus), hex(minus)]).toEqual([golden.perturb.plus, golden.perturb.minus]);
    expect(hex(weights)).toBe(golden.weights);
  });

  test(`${prefer}: golden updates, plain and pulled towards an anchor`, () => {
    const { streams, coefficients, learningRate, pull, plain, pulled } = golden.update;
    const along = streams.map(stream);
    const weights = floats(golden.weights);
    engine.update(weights, undefined, along, Float32Array.from(coefficients), learningRate, 0);
    expect(hex(weights)).toBe(plain);
    weights.set(floats(golden.weights));
    engine.update(weights, floats(golden.anchor), along, Float32Array.from(coefficients), learningRate, pull);
    expect(hex(weights)).toBe(pulled);
  });
}
