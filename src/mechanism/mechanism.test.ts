import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RandomBytes } from "../sampling/index.js";
import { createMechanism, Release } from "./mechanism.js";
import type { MechanismSpec } from "./spec.js";
import { saturatedSum, sumOnLattice } from "./sum.js";

function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

const spec: MechanismSpec = {
  directions: 3,
  clipThreshold: 2,
  latticeSensitivity: 2 ** 20,
  standardDeviation: 2 ** 21,
};
const never: RandomBytes = () => {
  throw new Error("noise was drawn");
};
const wild = fc.oneof(
  fc.double(),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(NaN, Infinity, -Infinity, 5e-324, -1e308, 1.7976931348623157e308, 0, -0),
);
const vector = fc.array(wild, { minLength: 3, maxLength: 3 }).map((values) => Float64Array.from(values));
const batch = fc.array(vector, { maxLength: 12 });

test("Adding or removing one example moves the sum by an integer vector of L2 norm at most N.", () => {
  fc.assert(
    fc.property(batch, vector, fc.nat(12), (examples, extra, place) => {
      const neighbour = [...examples.slice(0, place), extra, ...examples.slice(place)];
      const a = sumOnLattice(examples, spec);
      const b = sumOnLattice(neighbour, spec);
      const moved = Array.from(b, (value, k) => BigInt(value) - BigInt(a[k]!));
      const squares = moved.reduce((sum, value) => sum + value * value, 0n);
      expect(squares <= BigInt(spec.latticeSensitivity) ** 2n).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("the sensitivity is reached, so the bound is not slack: one long example moves the sum by nearly N", () => {
  const [moved] = sumOnLattice([Float64Array.of(1e9, 0, 0)], spec);
  expect(moved).toBe(2 ** 20);
  const corner = sumOnLattice([Float64Array.of(5, 5, 5)], spec);
  expect(Math.hypot(...corner)).toBeGreaterThan(2 ** 20 - 2);
});

test("One release draws noise for exactly K coordinates, whatever the batch held, also when it was empty.", () => {
  // Zero contributions leave the noise itself; every batch below must show the same K noise values.
  const silent = [Float64Array.of(0, 0, 0)];
  const batches = [[], silent, [...silent, ...silent], [Float64Array.of(NaN, Infinity, -Infinity)]];
  const [first, ...others] = batches.map(
    (examples) => createMechanism(spec, keyedBytes(1)).release(examples).values,
  );
  expect(first).toHaveLength(3);
  expect(first!.every((value) => value !== 0)).toBe(true);
  for (const other of others) expect(other).toEqual(first);
});

test("consecutive releases start from fresh bytes and take as many, whatever the batches held", () => {
  const bytesFor = (examples: readonly Float64Array[]): number => {
    let bytes = 0;
    const random = keyedBytes(2);
    const mechanism = createMechanism(spec, (out) => {
      bytes += out.length;
      random(out);
    });
    for (let i = 0; i < 20; i++) mechanism.release(examples);
    return bytes;
  };
  const thousand = Array.from({ length: 1000 }, (_, i) => Float64Array.of(i, -1e300, NaN));
  expect(bytesFor(thousand)).toBe(bytesFor([]));
});

test("Noise is drawn after the whole batch was read; if reading it throws, nothing is drawn.", () => {
  function* failing(): Generator<Float64Array> {
    yield Float64Array.of(1, 2, 3);
    throw new RangeError("canary from the measuring side");
  }
  expect(() => createMechanism(spec, never).release(failing())).toThrow(
    new RangeError("canary from the measuring side"),
  );
  const order: string[] = [];
  const random = keyedBytes(3);
  const mechanism = createMechanism(spec, (out) => {
    order.push("noise");
    random(out);
  });
  function* watched(): Generator<Float64Array> {
    for (let i = 0; i < 2; i++) {
      order.push("example");
      yield Float64Array.of(i, i, i);
    }
  }
  mechanism.release(watched());
  expect(order).toEqual(["example", "example", "noise"]);
});

test("The noise is a function of the random bytes alone: for the same bytes, two batches' releases differ by exactly the difference of their sums.", () => {
  fc.assert(
    fc.property(batch, batch, fc.nat(255), (first, second, key) => {
      const a = createMechanism(spec, keyedBytes(key)).release(first).values;
      const b = createMechanism(spec, keyedBytes(key)).release(second).values;
      const sumA = sumOnLattice(first, spec);
      const sumB = sumOnLattice(second, spec);
      a.forEach((value, k) => {
        expect(value - b[k]!).toBe(sumA[k]! - sumB[k]!);
      });
    }),
    { numRuns: 300 },
  );
});

test("A value beyond a safe integer is set to the nearest one after the noise was added (post-processing).", () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(saturatedSum(-5, BigInt(most) + 5n)).toBe(most);
  expect(saturatedSum(-5, BigInt(most) + 6n)).toBe(most);
  expect(saturatedSum(-5, BigInt(most) + 4n)).toBe(most - 1);
  expect(saturatedSum(0, 10n ** 40n)).toBe(most);
  expect(saturatedSum(2 ** 52, -(10n ** 40n))).toBe(-most);
  // S = 2^40 is 2^13 standard deviations away from that, so even the largest spec's values are exact.
  const extreme = { ...spec, latticeSensitivity: 2 ** 24, standardDeviation: 2 ** 40 };
  const { values } = createMechanism(extreme, keyedBytes(4)).release([]);
  expect(values.every((value) => Number.isSafeInteger(value) && Math.abs(value) < 2 ** 44)).toBe(true);
});

test("An error of the batch goes through as it is; the mechanism's own errors hold nothing private.", () => {
  const wrong = [Float64Array.of(0.123456, 0.5, 7), Float64Array.of(0.123456, 0.654321)];
  let caught: unknown;
  try {
    createMechanism(spec, never).release(wrong);
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code: "difference-length", value: 2 });
  expect(String(caught)).not.toMatch(/0\.12|0\.65|record 1|example 1/);
});

test("The sum and the random bytes are set to zero before it returns or throws.", () => {
  let buffer = new Uint8Array();
  const random = keyedBytes(5);
  createMechanism(spec, (out) => {
    random(out);
    buffer = out as Uint8Array<ArrayBuffer>;
  }).release([]);
  expect(buffer.length).toBeGreaterThan(0);
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  // After a failure in the middle of the noise too.
  let calls = 0;
  expect(() =>
    createMechanism({ ...spec, directions: 500 }, (out) => {
      if (calls++ > 2) throw new Error("generator gone");
      random(out);
      buffer = out as Uint8Array<ArrayBuffer>;
    }).release([]),
  ).toThrow("generator gone");
  expect(buffer.every((byte) => byte === 0)).toBe(true);
});

test("A `Release` cannot be made outside this file: not by type, and not at run time.", () => {
  expect(() => {
    // @ts-expect-error the constructor is private
    new Release(Symbol("made by a mechanism"), [1]);
  }).toThrow(expect.objectContaining({ code: "forged-release" }));
  const construct = (key: unknown): unknown => Reflect.construct(Release, [key, [1, 2, 3]]);
  for (const key of [undefined, true, Symbol.for("made by a mechanism")]) {
    expect(() => construct(key)).toThrow(expect.objectContaining({ code: "forged-release" }));
  }
  const real = createMechanism(spec, keyedBytes(6)).release([]);
  // @ts-expect-error an object of the same shape is not a Release
  const lookalike: Release = { values: real.values }; // eslint-disable-line @typescript-eslint/no-unsafe-class-instance-assignment -- what the types must refuse
  const heir: unknown = Object.create(Release.prototype, { values: { value: [1, 2, 3] } });
  const parsed: unknown = JSON.parse(JSON.stringify({ values: real.values }));
  expect(Release.isRelease(real)).toBe(true);
  for (const forged of [lookalike, heir, parsed, null, undefined, 1, structuredClone(real)]) {
    expect(Release.isRelease(forged)).toBe(false);
  }
});

test("Its values cannot be changed, and hold neither -0 nor anything beyond a safe integer.", () => {
  const release = createMechanism(
    { ...spec, latticeSensitivity: 1024, standardDeviation: 1, directions: 200 },
    keyedBytes(7),
  ).release([new Float64Array(200).fill(-1e-9)]);
  expect(release.values).toContain(0);
  expect(release.values.every((value) => Number.isSafeInteger(value) && !Object.is(value, -0))).toBe(true);
  expect(() => {
    (release.values as number[])[0] = 5;
  }).toThrow(TypeError);
  expect(() => {
    (release as { values: unknown }).values = [];
  }).toThrow(TypeError);
  expect(() => {
    (release as unknown as { extra: number }).extra = 1;
  }).toThrow(TypeError);
});

test("the released noise has the spec's standard deviation in every coordinate, and a wrong one is rejected", () => {
  const wide = { ...spec, directions: 32 };
  const mechanism = createMechanism(wide, keyedBytes(8));
  const count = 500 * 32;
  let squares = 0;
  const products = [0, 0];
  for (let step = 0; step < 500; step++) {
    const values = mechanism.release([]).values.map((value) => value / wide.standardDeviation);
    for (const value of values) squares += value * value;
    products[0]! += values[0]! * values[1]!;
    products[1]! += values[30]! * values[31]!;
  }
  const band = 4 * Math.sqrt(2 / count);
  expect(Math.abs(squares / count - 1)).toBeLessThan(band);
  expect(Math.abs(squares / count / 1.05 ** 2 - 1)).toBeGreaterThan(band);
  for (const product of products) expect(Math.abs(product / Math.sqrt(500))).toBeLessThan(4);
});

test("the spec is copied and frozen, so it cannot change after the plan was accounted", () => {
  const mutable = { ...spec };
  const mechanism = createMechanism(mutable, keyedBytes(9));
  mutable.standardDeviation = 1;
  expect(mechanism.spec).toEqual({ ...spec, standardDeviation: 2 ** 21 });
  expect(Object.isFrozen(mechanism.spec)).toBe(true);
  expect(Object.isFrozen(mechanism)).toBe(true);
  expect(mechanism.private).toBe(true);
});
