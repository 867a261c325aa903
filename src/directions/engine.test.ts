import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createDirectionEngine,
  type DirectionEngine,
  type DirectionStream,
  type Distribution,
} from "./index.js";

const runSeed = Uint8Array.from({ length: 32 }, (_, i) => 3 * i + 1);
const base: DirectionStream = { runSeed, step: 4, direction: 2, tensor: "w", distribution: "gaussian" };
const engines = (["javascript", "wasm-simd"] as const).map((prefer) => createDirectionEngine({ prefer }));

const streams = fc.record({
  runSeed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  step: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  direction: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  tensor: fc.string({ minLength: 1, unit: "grapheme" }),
  distribution: fc.constantFrom<Distribution>("gaussian", "rademacher"),
});
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e10, max: 1e10 });

function filled(engine: DirectionEngine, stream: DirectionStream, length: number, first = 0): Float32Array {
  const out = new Float32Array(length);
  engine.fill(stream, out, first);
  return out;
}

/** Compares bits, so that 0 and -0 differ. */
function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  const bytes = (values: Float32Array): Buffer =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  expect(actual.length).toBe(expected.length);
  if (!bytes(actual).equals(bytes(expected))) expect(actual).toEqual(expected);
  expect(bytes(actual).equals(bytes(expected))).toBe(true);
}

function weightsOf(length: number, salt = 0): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i + salt));
}

test("The two twins give the same bits: fill, for any stream, length and first index", () => {
  const [javascript, wasm] = engines as [DirectionEngine, DirectionEngine];
  fc.assert(
    fc.property(streams, fc.nat(5000), fc.nat(2 ** 36 - 5000), (stream, length, first) => {
      expectSameBits(filled(wasm, stream, length, first), filled(javascript, stream, length, first));
    }),
  );
});

test("The two twins give the same bits: perturb, update and squared norm", () => {
  const [javascript, wasm] = engines as [DirectionEngine, DirectionEngine];
  fc.assert(
    fc.property(
      fc.array(streams, { maxLength: 4 }),
      fc.array(finite, { minLength: 4, maxLength: 4 }),
      fc.nat(3000),
      fc.constantFrom(0, 1e-3, 0.5, 7),
      finite,
      (along, numbers, length, pull, smoothing) => {
        const results = [javascript, wasm].map((engine) => {
          const weights = weightsOf(length);
          const plus = new Float32Array(length);
          const minus = new Float32Array(length);
          engine.perturb(weights, { ...base, distribution: "sphere", scale: 1.01 }, smoothing, plus, minus);
          const coefficients = Float32Array.from(numbers).subarray(0, along.length);
          engine.update(weights, weightsOf(length, 1), along, coefficients, 1e-3, pull);
          return { weights, plus, minus, norm: engine.squaredNorm(base, length) };
        });
        for (const field of ["weights", "plus", "minus"] as const) {
          expectSameBits(results[1]![field], results[0]![field]);
        }
        expect(results[1]!.norm).toBe(results[0]!.norm);
      },
    ),
    { numRuns: 60 },
  );
});

for (const engine of engines) {
  const { name } = engine;

  test(`${name}: Value i of a stream is a function of the stream and i alone: any range can be made by itself`, () => {
    for (const distribution of ["gaussian", "rademacher"] as const) {
      const stream = { ...base, distribution };
      const whole = filled(engine, stream, 20_000);
      fc.assert(
        fc.property(fc.nat(20_000), fc.nat(20_000), (a, b) => {
          const [first, end] = [Math.min(a, b), Math.max(a, b)];
          expectSameBits(filled(engine, stream, end - first, first), whole.subarray(first, end));
        }),
      );
      for (const block of [0, 1, 2, 3, 4, 5, 127, 128, 129]) {
        expectSameBits(filled(engine, stream, 16, 16 * block), whole.subarray(16 * block, 16 * block + 16));
      }
    }
  });

  test(`${name}: what was made before does not show: streams may be taken in any order`, () => {
    const other = { ...base, tensor: "v" };
    const fresh = createDirectionEngine({ prefer: name });
    const want = filled(fresh, base, 100);
    filled(engine, { ...base, distribution: "rademacher" }, 5000);
    engine.squaredNorm(other, 3333);
    expectSameBits(filled(engine, base, 100), want);
  });

  test(`${name}: an output that is a part of a larger array gets its values there, and nothing around it changes`, () => {
    const room = new Float32Array(3000).fill(9);
    engine.fill(base, room.subarray(101, 2701), 7);
    expectSameBits(room.slice(101, 2701), filled(engine, base, 2600, 7));
    expect(room.subarray(0, 101).every((value) => value === 9)).toBe(true);
    expect(room.subarray(2701).every((value) => value === 9)).toBe(true);
  });

  test(`${name}: perturb is symmetric, and is fround(w + fround(smoothing * z)) and fround(w - fround(smoothing * z))`, () => {
    const length = 5003;
    const [plus, minus] = [new Float32Array(length), new Float32Array(length)];
    const z = filled(engine, base, length);
    const weights = weightsOf(length);
    engine.perturb(weights, base, 1e-3, plus, minus);
    const phi = Math.fround(1e-3);
    expectSameBits(
      plus,
      weights.map((w, i) => Math.fround(w + Math.fround(phi * z[i]!))),
    );
    expectSameBits(
      minus,
      weights.map((w, i) => Math.fround(w - Math.fround(phi * z[i]!))),
    );
    engine.perturb(new Float32Array(length), base, 1e-3, plus, minus);
    expectSameBits(
      minus,
      plus.map((value) => -value),
    );
    expectSameBits(weights, weightsOf(length));
  });

  test(`${name}: update adds the directions in their order, each product and sum rounded to f32`, () => {
    const length = 2500;
    const along = [0, 1, 2].map((direction) => ({ ...base, direction }));
    const coefficients = Float32Array.of(0.3, -1.7, 12);
    const weights = weightsOf(length);
    const z = along.map((stream) => filled(engine, stream, length));
    const expected = weights.map((w, i) => {
      let sum = 0;
      coefficients.forEach((c, k) => (sum = Math.fround(sum + Math.fround(c * z[k]![i]!))));
      return Math.fround(w - Math.fround(Math.fround(0.01) * sum));
    });
    engine.update(weights, undefined, along, coefficients, 0.01, 0);
    expectSameBits(weights, expected);
  });

  test(`${name}: with pull 0 an update is the plain step, bit for bit, with an anchor as without`, () => {
    const zeros = Float32Array.of(0, -0, 0, -0, 1, -1, 3e38, 1e-45);
    const anchor = Float32Array.of(5, 5, -5, -5, 2, 2, -3e38, 7);
    const z = filled(engine, base, zeros.length);
    for (const coefficients of [Float32Array.of(0), Float32Array.of(-0.5)]) {
      for (const learningRate of [0, 0.1]) {
        const plain = zeros.slice();
        engine.update(plain, undefined, [base], coefficients, learningRate, 0);
        const anchored = zeros.slice();
        engine.update(anchored, anchor, [base], coefficients, learningRate, 0);
        expectSameBits(anchored, plain);
        const expected = zeros.map((w, i) => {
          const sum = Math.fround(0 + Math.fround(coefficients[0]! * z[i]!));
          return Math.fround(w - Math.fround(Math.fround(learningRate) * sum));
        });
        expectSameBits(plain, expected);
      }
    }
  });

  test(`${name}: a pull draws the weights towards the anchor: the proximal step of the quadratic regulariser`, () => {
    const [weights, anchor] = [Float32Array.of(1, 2, -4), Float32Array.of(3, 2, 0)];
    engine.update(weights, anchor, [], new Float32Array(), 1, 1);
    expect([...weights]).toEqual([2, 2, -2]);
    for (let i = 0; i < 60; i++) engine.update(weights, anchor, [], new Float32Array(), 1, 1);
    expect([...weights].every((w, i) => Math.abs(w - anchor[i]!) < 1e-6)).toBe(true);
  });

  for (const distribution of ["gaussian", "rademacher"] as const) {
    test(`${name}: perturb and update with ${distribution} directions descend a quadratic; the other sign ascends`, () => {
      const length = 300;
      const target = weightsOf(length, 5);
      const loss = (w: Float32Array): number =>
        w.reduce((sum, value, i) => sum + (1 + (i % 3)) * (value - target[i]!) ** 2, 0);
      const descend = (learningRate: number, steps: number): number => {
        const weights = new Float32Array(length);
        const [plus, minus] = [new Float32Array(length), new Float32Array(length)];
        for (let step = 0; step < steps; step++) {
          const along = [0, 1, 2, 3].map((direction) => ({ ...base, step, direction, distribution }));
          const slopes = along.map((stream) => {
            engine.perturb(weights, stream, 1e-2, plus, minus);
            return (loss(plus) - loss(minus)) / (2 * 1e-2) / along.length;
          });
          engine.update(weights, undefined, along, Float32Array.from(slopes), learningRate, 0);
        }
        return loss(weights) / loss(new Float32Array(length));
      };
      expect(descend(1e-3, 300)).toBeLessThan(0.2);
      expect(descend(-1e-3, 5)).toBeGreaterThan(1);
    });
  }

  test(`${name}: Nothing is written when an argument is refused, and the error says which`, () => {
    const out = new Float32Array(4);
    const weights = weightsOf(4);
    const refused = (code: string, call: () => void): void => {
      expect(call).toThrow(expect.objectContaining({ name: "DirectionError", code }));
      expectSameBits(out, new Float32Array(4));
      expectSameBits(weights, weightsOf(4));
    };
    const fill = (change: object, first = 0) => {
      return () => {
        engine.fill({ ...base, ...change }, out, first);
      };
    };
    const update = (coefficient: number, rate: number, pull: number, anchor?: Float32Array) => {
      return () => {
        engine.update(weights, anchor, [base], Float32Array.of(coefficient), rate, pull);
      };
    };
    refused("invalid-run-seed", fill({ runSeed: new Uint8Array(31) }));
    refused("invalid-run-seed", fill({ runSeed: "0123456789abcdef0123456789abcdef" }));
    for (const bad of [-1, 0.5, 2 ** 32, NaN]) {
      refused("invalid-step", fill({ step: bad }));
      refused("invalid-direction", fill({ direction: bad }));
    }
    for (const bad of [-1, 0.5, NaN, 2 ** 53]) refused("invalid-index", fill({}, bad));
    refused("invalid-tensor-name", fill({ tensor: "" }));
    refused("invalid-tensor-name", fill({ tensor: "half a pair \ud83e" }));
    refused("invalid-distribution", fill({ distribution: "uniform" }));
    refused("invalid-distribution", fill({ distribution: "constructor" }));
    refused("invalid-scale", fill({ distribution: "sphere" }));
    for (const bad of [0, -1, NaN, Infinity, 1e-60, 1e60]) {
      refused("invalid-scale", fill({ distribution: "sphere", scale: bad }));
    }
    refused("invalid-scale", fill({ scale: 1.5 }));
    refused("counter-exhausted", fill({}, 2 ** 36 - 3));
    refused("counter-exhausted", fill({ distribution: "rademacher" }, 2 ** 41 - 3));
    for (const bad of [NaN, Infinity, 1e39]) {
      refused("invalid-number", () => {
        engine.perturb(weights, base, bad, out, out);
      });
      refused("invalid-number", update(bad, 1, 0));
      refused("invalid-number", update(1, bad, 0));
      refused("invalid-number", update(1, 1, bad, weights));
    }
    refused("invalid-number", update(1, 1, -0.1, weights));
    refused("missing-anchor", update(1, 1, 0.1));
    refused("length-mismatch", update(1, 1, 0.1, new Float32Array(3)));
    refused("length-mismatch", () => {
      engine.update(weights, undefined, [base, base], Float32Array.of(1), 1, 0);
    });
    refused("length-mismatch", () => {
      engine.perturb(weights, base, 1, out, new Float32Array(5));
    });
    refused("invalid-index", () => {
      engine.squaredNorm(base, -1);
    });
  });
}
