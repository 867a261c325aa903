import { expect, test } from "vitest";

import { createDirectionEngine } from "../directions/index.js";
import type { LedgerEntry } from "../ledger/index.js";
import type { Plan, PlanStage } from "../plan/plan.js";
import { applyStep, initialState, replay, type ReplayState, stepStreams, type Weights } from "./replay.js";

const engine = createDirectionEngine();

function stage(change: Partial<PlanStage> = {}): PlanStage {
  return {
    steps: 3,
    learningRate: 0.5,
    smoothing: 0.01,
    directions: 2,
    clipThreshold: 1,
    proximal: 0,
    train: "a,b",
    tensors: ["a", "b"],
    ...change,
  };
}

function plan(stages: PlanStage[], distribution: Plan["directions"]["distribution"] = "gaussian"): Plan {
  return {
    format: "dpzo-plan/1",
    method: "dp-zoso",
    base: { architecture: "bert", digest: "0".repeat(64) },
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["x", "y"], maximumTokens: 8 },
    privacy: {
      unit: "record",
      neighbouring: "add-or-remove-one",
      publicSize: 8,
      targetEpsilon: 1,
      delta: 1e-5,
      epsilon: 1,
    },
    sampling: { kind: "poisson", expectedBatch: 4, numerator: 2 ** 31, denominator: 2 ** 32 },
    mechanism: { kind: "discrete-gaussian", latticeSensitivity: 2 ** 20, standardDeviation: 2 ** 20 },
    directions: { distribution, runSeed: "11".repeat(32) },
    stages,
  };
}

const weights = (): Weights =>
  new Map([
    ["a", Float32Array.from({ length: 40 }, (_, i) => i / 7)],
    ["b", Float32Array.from({ length: 3 }, (_, i) => -i)],
    ["c", Float32Array.of(1, 2)],
  ]);
const entry = (step: number, stageIndex = 0): LedgerEntry => ({
  step,
  stage: stageIndex,
  values: [step * 100_000, -70_000],
});
const snapshot = ({ weights: current }: ReplayState): unknown => [...current].map(([k, v]) => [k, [...v]]);

test("A lost step changes nothing.", () => {
  const state = initialState(weights());
  const before = snapshot(state);
  applyStep(state, plan([stage()]), { step: 1, stage: 0, lost: true }, engine);
  expect(snapshot(state)).toEqual(before);
});

test("a lost step at the start of a stage still sets the stage's anchor", () => {
  const made = plan([stage({ proximal: 1 })]);
  const [lost, none] = [initialState(weights()), initialState(weights())];
  replay(lost, made, [{ step: 1, stage: 0, lost: true }, entry(2), entry(3)], engine);
  replay(none, made, [entry(2), entry(3)], engine);
  expect(snapshot(lost)).toEqual(snapshot(none));
});

test("A pure function of (state, plan, entry): replayed in two parts, or twice, it gives the same bits", () => {
  const made = plan([stage({ proximal: 0.5 }), stage({ proximal: 0.5, learningRate: 0.25 })]);
  const entries = [entry(1), entry(2), entry(3), entry(4, 1), entry(5, 1)];
  const whole = initialState(weights());
  replay(whole, made, entries, engine);
  for (const cut of [0, 1, 3, 4]) {
    const parts = initialState(weights());
    replay(parts, made, entries.slice(0, cut), engine);
    replay(parts, made, entries.slice(cut), engine);
    expect(snapshot(parts)).toEqual(snapshot(whole));
  }
});

test("Bit-exact on every platform: the plain JavaScript twin replays to the same bits", () => {
  for (const distribution of ["gaussian", "rademacher", "sphere"] as const) {
    const made = plan([stage({ proximal: 0.3 })], distribution);
    const entries = [entry(1), entry(2), entry(3)];
    const [fast, plain] = [initialState(weights()), initialState(weights())];
    replay(fast, made, entries, engine);
    replay(plain, made, entries, createDirectionEngine({ prefer: "javascript" }));
    expect(snapshot(plain)).toEqual(snapshot(fast));
  }
});

test("only the stage's tensors move, and the run seed, the step and the sign of a value all count", () => {
  const made = plan([stage({ tensors: ["a"] })]);
  const moved = (change: Plan, one: LedgerEntry): unknown => {
    const state = initialState(weights());
    applyStep(state, change, one, engine);
    expect([...state.weights.get("b")!]).toEqual([...weights().get("b")!]);
    expect([...state.weights.get("c")!]).toEqual([1, 2]);
    return snapshot(state);
  };
  const reference = moved(made, entry(1));
  const otherSeed = { ...made, directions: { ...made.directions, runSeed: "12".repeat(32) } };
  expect(moved(otherSeed, entry(1))).not.toEqual(reference);
  expect(moved(made, { ...entry(1), step: 2 })).not.toEqual(reference);
  expect(moved(made, { step: 1, stage: 0, values: [-100_000, 70_000] })).not.toEqual(reference);
});

test("Z4: a stage with a batch of its own divides by that batch", () => {
  const moved = (sampling?: PlanStage["sampling"]): Float32Array => {
    const state = initialState(new Map([["a", new Float32Array(40)]]));
    const made = plan([stage({ tensors: ["a"], ...(sampling && { sampling }) })]);
    applyStep(state, made, entry(1), engine);
    return state.weights.get("a")!;
  };
  // A power of two, so that halving the divisor doubles every bit-exact value.
  expect(moved({ expectedBatch: 2, numerator: 2 ** 30 })).toEqual(moved().map((value) => 2 * value));
});

test("a value in real units is c / b under a clip of each difference, b the largest with K b^2 <= N^2", () => {
  const moved = (change: Partial<PlanStage>, values: readonly number[]): Float32Array => {
    const state = initialState(new Map([["a", new Float32Array(40)]]));
    const made = plan([stage({ tensors: ["a"], directions: 4, ...change })]);
    applyStep(state, made, { step: 1, stage: 0, values }, engine);
    return state.weights.get("a")!;
  };
  const values = [1000, -2000, 3000, 4000];
  const doubled = values.map((value) => 2 * value);
  // K = 4: b is N / 2 exactly.
  expect(moved({ clip: "per-scalar" }, values)).toEqual(moved({}, doubled));
});

test("sphere: a direction has norm sqrt(d) over all trained tensors together", () => {
  const made = plan([stage()], "sphere");
  const streams = stepStreams(made, made.stages[0]!, 1, weights(), engine);
  let squares = 0;
  for (const [name, length] of [
    ["a", 40],
    ["b", 3],
  ] as const) {
    const z = new Float32Array(length);
    engine.fill(streams(name)[1]!, z);
    squares += z.reduce((sum, value) => sum + value * value, 0);
  }
  expect(squares).toBeCloseTo(43, 3);
});

test("a step of a stage, or a tensor, that is not there is refused by name", () => {
  const state = initialState(weights());
  expect(() => {
    applyStep(state, plan([stage()]), entry(1, 4), engine);
  }).toThrow(expect.objectContaining({ code: "unknown-stage", value: 4 }) as Error);
  expect(() => {
    applyStep(state, plan([stage({ tensors: ["z"] })]), entry(1), engine);
  }).toThrow(expect.objectContaining({ code: "unknown-tensor", value: "z" }) as Error);
});
