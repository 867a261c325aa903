import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as oneFile from "../examples/one-file.js";
import { epsilon } from "../src/accounting/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { parseLedger, verifyLedger } from "../src/ledger/index.js";
import { createMechanism, createNonPrivateMechanism } from "../src/mechanism/index.js";
import { shrinkToSensitivity } from "../src/mechanism/lattice.js";
import { planEvent } from "../src/plan/event.js";
import { releaseSchedule } from "../src/plan/noise.js";
import type { Plan } from "../src/plan/plan.js";
import { applyStep, initialState, replay, stepStreams } from "../src/replay/replay.js";
import { poissonSample, type RandomBytes, samplingRate } from "../src/sampling/index.js";
import { dpZoso } from "../src/schedule/stages.js";

const examples = join(import.meta.dirname, "../examples");
const seed = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
const toy = oneFile.toyPlan(seed);
/** Every stage short, so that a run takes a moment; 3 stages, proximal above 0. */
const short: oneFile.Plan = {
  ...toy,
  publicSize: 400,
  expectedBatch: 20,
  samplingNumerator: samplingRate(20, 400).numerator,
  stages: oneFile.makeStages(3, { steps: 30, learningRate: 4, smoothing: 0.1, proximal: 0.25 }, 0.02),
};
const shortRecords = Array.from({ length: short.publicSize }, (_, i) => oneFile.example(i));

function keyedBytes(key: number): RandomBytes {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, key), Buffer.alloc(16));
  return (out) => {
    out.set(cipher.update(new Uint8Array(out.length)));
  };
}

/** The same run as the library's plan; what is about language models is made up. */
function libraryPlan(plan: oneFile.Plan): Plan {
  const { publicSize, expectedBatch, directions, clipThreshold, runSeed } = plan;
  return {
    format: "dpzo-plan/1",
    method: "dp-zoso",
    base: { architecture: "toy", digest: "0".repeat(64) },
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["no", "yes"], maximumTokens: 8 },
    privacy: {
      unit: "record",
      neighbouring: "add-or-remove-one",
      publicSize,
      targetEpsilon: 2,
      delta: 1e-5,
      epsilon: 2,
    },
    sampling: { kind: "poisson", expectedBatch, numerator: plan.samplingNumerator, denominator: 2 ** 32 },
    mechanism: {
      kind: "discrete-gaussian",
      latticeSensitivity: 2 ** 20,
      standardDeviation: plan.standardDeviation,
    },
    directions: { distribution: "rademacher", runSeed },
    stages: plan.stages.map((stage) => ({
      ...stage,
      directions,
      clipThreshold,
      train: "all",
      tensors: ["hidden", "output"],
    })),
  };
}

/** The bits of all tensors; NaN and -0 count. */
function bits(weights: ReadonlyMap<string, Float32Array>): Record<string, Uint32Array> {
  return Object.fromEntries(Array.from(weights, ([name, w]) => [name, new Uint32Array(w.slice().buffer)]));
}

function sumWithoutNoise(plan: oneFile.Plan, rows: readonly Float64Array[]): readonly number[] {
  const { directions, clipThreshold, latticeSensitivity } = plan;
  const spec = { directions, clipThreshold, latticeSensitivity, clips: true };
  return createNonPrivateMechanism(spec).release(rows).values;
}

test("the example imports nothing but node:crypto", () => {
  const source = readFileSync(join(examples, "one-file.ts"), "utf8");
  expect([...source.matchAll(/from "([^"]+)"/g)].map((match) => match[1])).toEqual(["node:crypto"]);
  expect(source).not.toMatch(/import\(|require\(|import "/);
  expect(source.split("\n").length).toBeLessThanOrEqual(400);
});

test("plan: stages, sampling rate and epsilon are the library's", () => {
  for (const [steps, count, phi, proximal] of [
    [700, 3, [0.1, 0.02], 0.01],
    [703, 3, [0.01, 0.1], 0],
    [100, 1, [0.1, 0.02], 1],
    [1000, 5, [1e-2, 1e-4], 0.5],
  ] as const) {
    const run = { steps, learningRate: 2, smoothing: phi[0], proximal };
    const rest = { directions: 6, clipThreshold: 4, train: ["all"] };
    const schedule = dpZoso({ ...run, ...rest, stages: count, smoothing: phi });
    const stages = oneFile.makeStages(count, run, phi[1]);
    expect(schedule).toEqual(stages.map((stage) => ({ ...stage, ...rest, train: "all" })));
  }
  expect(samplingRate(toy.expectedBatch, toy.publicSize).numerator).toBe(toy.samplingNumerator);
  expect(epsilon(planEvent(libraryPlan(toy)), 1e-5).epsilon).toBeLessThan(2);
});

for (const prefer of ["wasm-simd", "javascript"] as const) {
  const engine = createDirectionEngine({ prefer });

  test(`${prefer}: directions have the library's bits`, () => {
    for (const [step, k, tensor, length] of [
      [1, 0, "hidden", 24],
      [2, 5, "output", 9],
      [700, 31, "é/bias", 511],
      [2 ** 32 - 1, 2 ** 32 - 1, "x", 5000],
    ] as const) {
      const expected = new Float32Array(length);
      const stream = { runSeed: seed, step, direction: k, tensor, distribution: "rademacher" } as const;
      engine.fill(stream, expected);
      expect(oneFile.direction(toy.runSeed, step, k, tensor, length)).toEqual(expected);
    }
  });

  test(`${prefer}: perturbed weights have the library's bits`, () => {
    const weights = oneFile.baseWeights();
    for (const phi of [0.1, 1e-3, 7]) {
      for (const [tensor, w] of weights) {
        const [plus, minus] = [w.slice(), w.slice()];
        const stream = { runSeed: seed, step: 9, direction: 3, tensor, distribution: "rademacher" } as const;
        engine.perturb(w, stream, phi, plus, minus);
        expect(oneFile.perturbed(weights, toy.runSeed, 9, 3, phi).get(tensor)).toEqual(plus);
        expect(oneFile.perturbed(weights, toy.runSeed, 9, 3, -phi).get(tensor)).toEqual(minus);
      }
    }
    expect(bits(weights)).toEqual(bits(oneFile.baseWeights()));
  });

  test(`${prefer}: updates have the library's bits, over stages, with and without a pull, past a lost step`, () => {
    const random = keyedBytes(3);
    for (const proximal of [0, 0.25, 3]) {
      const run = { steps: 14, learningRate: 3, smoothing: 0.1, proximal };
      const plan = { ...short, stages: oneFile.makeStages(3, run, 0.02) };
      const mine = oneFile.initialState(oneFile.baseWeights());
      const theirs = initialState(oneFile.baseWeights());
      const stageOf = plan.stages.flatMap(({ steps }, stage) => Array<number>(steps).fill(stage));
      stageOf.forEach((stage, index) => {
        const values = Array.from({ length: plan.directions }, () =>
          Number(oneFile.discreteGaussian(2 ** 28, random)),
        );
        const place = { step: index + 1, stage };
        const entry = index === 6 ? { ...place, lost: true as const } : { ...place, values };
        oneFile.applyStep(mine, plan, entry);
        applyStep(theirs, libraryPlan(plan), entry, engine);
        expect(bits(mine.weights)).toEqual(bits(theirs.weights));
      });
      expect(bits(mine.weights)).not.toEqual(bits(oneFile.baseWeights()));
    }
  });

  test(`${prefer}: the library's replay of the example's ledger gives the example's weights, bit for bit`, () => {
    const [weights, lines] = oneFile.train(oneFile.baseWeights(), short, shortRecords, keyedBytes(4));
    const state = initialState(oneFile.baseWeights());
    const { plan, entries } = parseLedger(Buffer.from(lines.join("")));
    replay(state, libraryPlan(plan as unknown as oneFile.Plan), entries, engine);
    expect(bits(state.weights)).toEqual(bits(weights));
    expect(bits(oneFile.replay(oneFile.baseWeights(), lines))).toEqual(bits(weights));
  });
}

test("sampling: the same bytes give the same batch", () => {
  for (const records of [0, 1, 400, 40_000]) {
    for (const numerator of [1, samplingRate(0.02, 1).numerator, 2 ** 31, 2 ** 32]) {
      const expected = poissonSample(records, { numerator }, keyedBytes(records % 251));
      expect(oneFile.poissonSample(records, numerator, keyedBytes(records % 251))).toEqual([...expected]);
    }
  }
});

test("sampling: a draw equal to the numerator is out, one below it is in", () => {
  const random: RandomBytes = (out) => {
    new Uint32Array(out.buffer, out.byteOffset, 3).set([1000, 999, 1001]);
  };
  expect(oneFile.poissonSample(3, 1000, random)).toEqual([1]);
  expect([...poissonSample(3, { numerator: 1000 }, random)]).toEqual([1]);
});

test("clip and lattice: the library's integers, for any differences at all", () => {
  const row = fc.array(fc.double(), { minLength: toy.directions, maxLength: toy.directions });
  fc.assert(
    fc.property(row, (differences) => {
      const vector = Float64Array.from(differences);
      const lattice = oneFile.clipToLattice(vector, toy);
      expect(lattice).toEqual(sumWithoutNoise(toy, [vector]));
      const norm = lattice.reduce((sum, value) => sum + BigInt(value) ** 2n, 0n);
      expect(norm <= BigInt(toy.latticeSensitivity) ** 2n).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("clip and lattice: vectors at the threshold and next to it", () => {
  const random = keyedBytes(6);
  for (let run = 0; run < 3000; run++) {
    const raw = Float64Array.from({ length: toy.directions }, () =>
      Number(oneFile.discreteGaussian(1000, random)),
    );
    const scale = toy.clipThreshold / Math.hypot(...raw);
    for (const factor of [1 - 2 ** -52, 1, 1 + 2 ** -52, 1e9]) {
      const vector = raw.map((value) => value * scale * factor);
      expect(oneFile.clipToLattice(vector, toy)).toEqual(sumWithoutNoise(toy, [vector]));
    }
  }
});

test("clip and lattice: the exact check shrinks as the library's, however far beyond the bound it starts", () => {
  const entry = fc.integer({ min: -40, max: 40 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), (lattice) => {
      const expected = Float64Array.from(lattice);
      shrinkToSensitivity(expected, 40);
      expect(oneFile.shrink([...lattice], 40)).toEqual([...expected]);
    }),
    { numRuns: 2000 },
  );
});

test("a run in lockstep: batch, weights on both sides, sums, release and update agree at every step", () => {
  const engine = createDirectionEngine();
  const plan = libraryPlan(short);
  const theirs = initialState(oneFile.baseWeights());
  const mine = oneFile.initialState(oneFile.baseWeights());
  const { directions, clipThreshold, latticeSensitivity, standardDeviation } = short;
  const spec = { directions, clipThreshold, latticeSensitivity, standardDeviation };
  let step = 0;
  for (const [index, stage] of plan.stages.entries()) {
    for (let left = stage.steps; left > 0; left--) {
      step += 1;
      const batch = poissonSample(short.publicSize, plan.sampling, keyedBytes(step));
      const members = oneFile.poissonSample(short.publicSize, short.samplingNumerator, keyedBytes(step));
      expect(members).toEqual([...batch]);

      const records = members.map((member) => shortRecords[member]!);
      const rows = records.map(() => new Float64Array(directions));
      const streams = stepStreams(plan, stage, step, theirs.weights, engine);
      for (let k = 0; k < directions; k++) {
        const [plus, minus] = [structuredClone(theirs.weights), structuredClone(theirs.weights)];
        for (const [tensor, w] of theirs.weights) {
          engine.perturb(w, streams(tensor)[k]!, stage.smoothing, plus.get(tensor)!, minus.get(tensor)!);
        }
        records.forEach((record, row) => {
          const difference = oneFile.loss(plus, record) - oneFile.loss(minus, record);
          rows[row]![k] = difference / (2 * stage.smoothing);
        });
      }
      expect(oneFile.differences(mine.weights, short, stage.smoothing, step, records)).toEqual(rows);

      // The library's noise is a function of the bytes alone, so a difference of releases is the sum.
      const release = createMechanism(spec, keyedBytes(step + 100)).release(rows).values;
      const noise = createMechanism(spec, keyedBytes(step + 100)).release([]).values;
      const myRelease = oneFile.release(rows, short, keyedBytes(step));
      const myNoise = oneFile.release([], short, keyedBytes(step));
      const sums = release.map((value, k) => value - noise[k]!);
      expect(myRelease.map((value, k) => value - myNoise[k]!)).toEqual(sums);
      expect(sumWithoutNoise(short, rows)).toEqual(sums);

      const entry = { step, stage: index, values: release };
      applyStep(theirs, plan, entry, engine);
      oneFile.applyStep(mine, short, entry);
      expect(bits(mine.weights)).toEqual(bits(theirs.weights));
    }
  }
});

test("the example's ledger is a dpzo ledger: the library and the independent verifier accept it, whole", () => {
  const [, lines] = oneFile.train(oneFile.baseWeights(), short, shortRecords, keyedBytes(5));
  const bytes = Buffer.from(lines.join(""));
  const { hash, plan, entries } = oneFile.readLedger(lines);
  expect(verifyLedger(bytes, releaseSchedule(libraryPlan(short)))).toMatchObject({
    valid: true,
    hash,
    steps: 30,
    lost: 0,
  });
  expect(parseLedger(bytes)).toEqual({
    plan,
    hash,
    entries: entries.map(({ step, stage, values }) => ({ step, stage, values })),
  });
  const folder = mkdtempSync(join(tmpdir(), "dpzo-one-file-"));
  try {
    writeFileSync(join(folder, "ledger.jsonl"), bytes);
    const verifier = [join(examples, "verify-ledger.mjs"), join(folder, "ledger.jsonl"), hash];
    expect(spawnSync(process.execPath, verifier, { encoding: "utf8" }).status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an edited, dropped or swapped line is refused by the example too", () => {
  const [, lines] = oneFile.train(oneFile.baseWeights(), short, shortRecords, keyedBytes(5));
  const edited = lines.with(
    4,
    lines[4]!.replace(/(\d)\]/, (_, digit) => `${(Number(digit) + 1) % 10}]`),
  );
  for (const bad of [edited, lines.toSpliced(3, 1), lines.toSpliced(3, 2, lines[4]!, lines[3]!)]) {
    expect(() => oneFile.readLedger(bad)).toThrow(/does not fit its hash/);
    expect(verifyLedger(Buffer.from(bad.join(""))).valid).toBe(false);
  }
});

/** Chi-square of draws against the discrete Gaussian of scale `assumed`, in cells up to 3 scales and two tails. */
function chiSquare(draws: readonly number[], assumed: number): { value: number; limit: number } {
  const reach = Math.ceil(3 * assumed);
  const weight = (x: number): number => Math.exp(-(x * x) / (2 * assumed * assumed));
  const masses = new Map<number, number>();
  const counts = new Map<number, number>();
  const add = (cells: Map<number, number>, x: number, amount: number): void => {
    const cell = Math.max(-reach - 1, Math.min(reach + 1, x));
    cells.set(cell, (cells.get(cell) ?? 0) + amount);
  };
  for (let x = -40 * reach; x <= 40 * reach; x++) add(masses, x, weight(x));
  for (const x of draws) add(counts, x, 1);
  const total = [...masses.values()].reduce((sum, mass) => sum + mass, 0);
  let value = 0;
  for (const [cell, mass] of masses) {
    const expected = (draws.length * mass) / total;
    value += ((counts.get(cell) ?? 0) - expected) ** 2 / expected;
  }
  // The 99.9 % point of chi-square by Wilson and Hilferty's approximation.
  const freedom = masses.size - 1;
  const v = 2 / (9 * freedom);
  return { value, limit: freedom * (1 - v + 3.0902 * Math.sqrt(v)) ** 3 };
}

for (const scale of [1, 3, 10]) {
  test(`noise of scale ${scale}: the library's distribution, and no other scale's`, () => {
    const random = keyedBytes(20 + scale);
    const draws = Array.from({ length: 40_000 }, () => Number(oneFile.discreteGaussian(scale, random)));
    const spec = { directions: 4000, clipThreshold: 1, latticeSensitivity: 1024, standardDeviation: scale };
    const mechanism = createMechanism(spec, keyedBytes(40 + scale));
    const library = Array.from({ length: 10 }, () => mechanism.release([]).values).flat();
    for (const sample of [draws, library]) {
      const right = chiSquare(sample, scale);
      expect(right.value).toBeLessThan(right.limit);
      for (const wrong of [0.96 * scale, 1.04 * scale]) {
        const { value, limit } = chiSquare(sample, wrong);
        expect(value).toBeGreaterThan(limit);
      }
    }
  });
}

test("the toy learns under its plan", () => {
  const records = Array.from({ length: toy.publicSize }, (_, i) => oneFile.example(i));
  const publicTest = Array.from({ length: 2000 }, (_, i) => oneFile.example(toy.publicSize + i));
  const [weights, lines] = oneFile.train(oneFile.baseWeights(), toy, records, keyedBytes(8));
  expect(oneFile.accuracy(oneFile.baseWeights(), publicTest)).toBeLessThan(0.6);
  expect(oneFile.accuracy(weights, publicTest)).toBeGreaterThan(0.85);
  expect(lines.length).toBe(701);
});
