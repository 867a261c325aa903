import { expect, test } from "vitest";

import { epsilon } from "../accounting/index.js";
import { describeModel } from "../model/registry.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { keystream, tinyConfig } from "../../test/support/tiny-run.js";
import { type TrainConfigInput, trainConfigSchema } from "./config.js";
import { laplaceShift, planEvent } from "./event.js";
import { makeNonPrivatePlan, makePlan, type PlanInputs } from "./make-plan.js";
import { methods } from "./method-defaults.js";
import { noiseDeviation, releaseSchedule, stageUnit } from "./noise.js";
import { latticeSensitivity, type Plan } from "./plan.js";
import { readPlan, readRunPlan } from "./read-plan.js";

const description = describeModel(
  JSON.parse(new TextDecoder().decode(tinyModel().files.get("config.json"))) as Record<string, unknown>,
);

function inputs(change: Partial<TrainConfigInput>, publicSize = 40): PlanInputs {
  const base = { epsilon: 100, delta: 1e-5, steps: 14, batch: 40, seed: 1 };
  return {
    config: trainConfigSchema.parse({ ...base, ...change }),
    description,
    baseDigest: "0".repeat(64),
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 32 },
    publicSize,
    random: keystream(5),
  };
}
const plan = (change: Partial<TrainConfigInput> = {}, publicSize = 40): Plan =>
  makePlan(inputs(change, publicSize));
const refusal = (change: Partial<TrainConfigInput>): unknown => {
  try {
    plan(change);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "made";
};

test("every private method makes a plan that reads back, within its budget; a plain one is still of format 1", () => {
  for (const method of methods.filter((name) => name !== "mezo")) {
    const made = plan({ method });
    expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
    expect(JSON.stringify(readPlan(JSON.parse(JSON.stringify(made))))).toBe(JSON.stringify(made));
    expect(made.method).toBe(method);
    expect(made.privacy.epsilon).toBeLessThanOrEqual(100);
    expect(made.format).toBe(method === "dp-zoso" ? "dpzo-plan/1" : "dpzo-plan/2");
  }
  expect(plan({ ...tinyConfig }).format).toBe("dpzo-plan/1");
  expect(plan({ estimator: "one-sided" }).format).toBe("dpzo-plan/2");
});

test("D10: what is set and is not the method's is refused: a run is what its method's name says", () => {
  const contradictions: readonly Partial<TrainConfigInput>[] = [
    { method: "dpzero", directions: 8 },
    { method: "dp-zo", stageDirections: [4] },
    { method: "dpzero", stages: 3 },
    { method: "dp-aggzo", stages: 2 },
    { method: "dp-aggzo", smoothingEnd: 1e-4 },
    { method: "dp-aggzo", train: ["head", "last:1"] },
    { method: "dp-zoso", maskRatio: [0.1] },
    { method: "dpzero", maskScore: "random" },
    { method: "dp-zoso", noise: "laplace" },
    { method: "dp-zo", shrinkage: "sage" },
    { method: "dpzero", shrinkage: "james-stein" },
    { method: "dp-aggzo", delta: 0 },
    { method: "dp-zo", clipQuantile: 0.5 },
    { method: "dp-aggzo", clipQuantile: 0.5, clipMode: "per-scalar" },
    { method: "dp-aggzo", clipRate: 0.3 },
  ];
  for (const change of contradictions) {
    expect(refusal(change), JSON.stringify(change)).toBe("contradictory-settings");
  }
  expect(refusal({ epsilon: undefined })).toBe("epsilon-missing");
});

test("mezo has no epsilon: its plan holds none, reading it as a private plan is refused, and so is asking for one", () => {
  const settings = { method: "mezo", epsilon: undefined } as const;
  expect(refusal(settings)).toBe("not-private");
  const made = makeNonPrivatePlan(inputs(settings));
  expect(JSON.stringify(made)).not.toMatch(/epsilon|delta/iu);
  expect(made.privacy).toEqual({ private: false, publicSize: 40 });
  expect(readRunPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
  expect(() => readPlan(JSON.parse(JSON.stringify(made)))).toThrow(
    expect.objectContaining({ code: "not-private", value: "mezo" }) as Error,
  );
  for (const change of [{ epsilon: 4 }, { clip: 3 }, { noise: "gaussian" as const }]) {
    expect(() => makeNonPrivatePlan(inputs({ ...settings, ...change }))).toThrow(
      expect.objectContaining({ code: "contradictory-settings" }) as Error,
    );
  }
  expect(() => makeNonPrivatePlan(inputs({ method: "dpzero" }))).toThrow(/private method/u);
  // A private plan cannot be turned into one that is not, nor the other way about.
  expect(() => readRunPlan({ ...plan(), mechanism: made.mechanism })).toThrow(/not valid/u);
  expect(() => readRunPlan({ ...made, privacy: plan().privacy })).toThrow(/not valid/u);
});

test("dp-zo at delta 0 is pure: the releases' epsilons, amplified by sampling, add up to at most the budget", () => {
  const made = plan({ method: "dp-zo", delta: 0, epsilon: 2, batch: 10, steps: 50 });
  if (made.mechanism.kind !== "discrete-laplace") throw new Error("not Laplace");
  const { scale } = made.mechanism;
  const spent = (t: number): number =>
    50 * Math.log1p((made.sampling.numerator / 2 ** 32) * Math.expm1((latticeSensitivity + 2) / t));
  expect(spent(scale)).toBeLessThanOrEqual(2 + 1e-9);
  expect(spent(scale * 0.999)).toBeGreaterThan(2);
  expect(made.privacy.delta).toBe(0);
  expect(made.privacy.epsilon).toBeCloseTo(2, 3);
  // With a delta the same mechanism's loss distribution asks for less noise.
  const relaxed = plan({ method: "dp-zo", delta: 1e-5, epsilon: 2, batch: 10, steps: 50 });
  expect(noiseDeviation(relaxed.mechanism)).toBeLessThan(noiseDeviation(made.mechanism));
  expect(plan({ method: "dp-zo", noise: "gaussian" }).mechanism.kind).toBe("discrete-gaussian");
});

test("the continuous Laplace that is accounted for dominates the discrete one that is drawn, at every epsilon, and barely", () => {
  /** Of discrete noise with shift N, by summing over the integers. */
  const discrete = (e: number, t: number, N: number): number => {
    const r = Math.exp(-1 / t);
    let sum = 0;
    for (let x = -40 * Math.ceil(t); x <= N + 40 * Math.ceil(t); x += 1) {
      const excess = r ** Math.abs(x) - Math.exp(e) * r ** Math.abs(x - N);
      if (excess > 0) sum += (excess * (1 - r)) / (1 + r);
    }
    return sum;
  };
  /** Of continuous noise of scale 1 with shift b. */
  const continuous = (e: number, b: number): number =>
    e >= b ? 0 : e <= -b ? 1 - Math.exp(e) : 1 - Math.exp((e - b) / 2);
  for (const [t, N] of [
    [1, 1],
    [3, 7],
    [10.5, 4],
    [20, 64],
  ] as const) {
    for (let e = -N / t - 0.5; e <= N / t + 0.5; e += 0.0371) {
      const exact = discrete(e, t, N);
      expect(exact).toBeLessThanOrEqual(continuous(e, laplaceShift(N, "upper") / t) + 1e-12);
      expect(exact).toBeGreaterThanOrEqual(continuous(e, laplaceShift(N, "lower") / t) - 1e-12);
    }
  }
});

test("Laplace noise on more than one direction is refused in a plan from a file, too", () => {
  const made = plan({ method: "dp-zo" });
  const stages = made.stages.map((stage) => ({ ...stage, directions: 2 }));
  expect(() => readRunPlan({ ...made, stages })).toThrow(
    expect.objectContaining({ code: "invalid-plan" }) as Error,
  );
});

test("D3: a clip of each difference is accounted for as the ball around its cube: sqrt(K) times the noise in real units", () => {
  const vector = plan({ method: "dp-aggzo", directions: 16, clip: 3 });
  const each = plan({ method: "dp-aggzo", directions: 16, clip: 3, clipMode: "per-scalar" });
  expect(planEvent(each)).toEqual(planEvent(vector));
  const deviation = (made: Plan): number => noiseDeviation(made.mechanism) * stageUnit(made, made.stages[0]!);
  expect(deviation(each) / deviation(vector)).toBeCloseTo(4, 10);
  const one = plan({ method: "dpzero", clip: 3, clipMode: "per-scalar" });
  expect(deviation(one)).toBe(deviation(plan({ method: "dpzero", clip: 3 })));
});

test("stages may differ in length, rate, scale, directions, clip and batch, and the event holds what each spends", () => {
  const made = plan({
    stageSteps: [2, 5, 3],
    stageBatch: [10, 20, 40],
    stageDirections: [2, 4, 8],
    stageClip: [1, 2, 3],
    stageLearningRate: [0.3, 0.2, 0.1],
    stageSmoothing: [1e-2, 1e-3, 1e-4],
  });
  expect(
    made.stages.map((s) => [s.steps, s.directions, s.clipThreshold, s.learningRate, s.smoothing]),
  ).toEqual([
    [2, 2, 1, 0.3, 1e-2],
    [5, 4, 2, 0.2, 1e-3],
    [3, 8, 3, 0.1, 1e-4],
  ]);
  const event = planEvent(made);
  const parts = event.kind === "composed" ? event.events : [];
  expect(
    parts.map((part) =>
      part.kind === "repeated" && part.event.kind === "poissonSampled"
        ? [part.times, part.event.samplingRate]
        : [],
    ),
  ).toEqual([
    [2, 0.25],
    [5, 0.5],
    [3, made.sampling.numerator / 2 ** 32],
  ]);
  expect(made.privacy.epsilon).toBe(epsilon(event, 1e-5).epsilon);
  expect(made.privacy.epsilon).toBeLessThanOrEqual(100);
  expect(() => plan({ stageBatch: [10, 41] })).toThrow(
    expect.objectContaining({ code: "batch-too-large", value: 41 }) as Error,
  );
  expect(() => plan({ stages: 3, stageClip: [1, 2] })).toThrow(/2 stageClip for 3 stages/u);
});

test("a score on a network that the model does not have is refused with the plan, before anything is written", () => {
  const decoder = { ...description, kind: "causal-lm" } as const;
  for (const maskScore of ["synflow", "grasp-estimate"] as const) {
    const given = { ...inputs({ method: "dp-zopo", maskScore }), description: decoder };
    expect(() => makePlan(given)).toThrow(expect.objectContaining({ code: "no-linear-network" }) as Error);
  }
  expect(makePlan({ ...inputs({ method: "dp-zopo" }), description: decoder }).method).toBe("dp-zopo");
});

test("a clip that follows a quantile is in every stage, costs no sensitivity, and its count is a coordinate of the event", () => {
  const plain = plan({ method: "dp-aggzo", directions: 8 });
  const made = plan({ method: "dp-aggzo", directions: 8, clipQuantile: 0.6 });
  expect(made.format).toBe("dpzo-plan/2");
  expect(made.stages.map(({ adaptiveClip }) => adaptiveClip)).toEqual([
    { quantile: 0.6, rate: 0.2, countSensitivity: 2 ** 17 },
  ]);
  expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
  expect(JSON.stringify(planEvent(made))).toContain('"dimensions":9');
  expect(releaseSchedule(made).stages).toEqual([{ steps: 14, valueCount: 9 }]);
  // The lattice correction of one more coordinate is below a part in a million of the noise.
  expect(noiseDeviation(made.mechanism) / noiseDeviation(plain.mechanism)).toBeCloseTo(1, 5);
  // In real units the differences' noise is 1 / sqrt(1 - (h / N)^2) times as loud: 0.8 %.
  const louder = stageUnit(made, made.stages[0]!) / stageUnit(plain, plain.stages[0]!);
  expect(louder).toBeCloseTo(1 / Math.sqrt(1 - 1 / 64), 5);
});

test("a plan from a file whose clip cannot follow a quantile is refused", () => {
  const made = plan({ method: "dp-aggzo", directions: 8, clipQuantile: 0.6 });
  const [stage] = made.stages;
  const edited = (change: object, rest: object = {}): unknown => ({
    ...made,
    ...rest,
    stages: [{ ...stage, ...change }],
  });
  const laplace = { kind: "discrete-laplace", latticeSensitivity, scale: 2 ** 22 };
  for (const bad of [
    edited({ clip: "per-scalar" }),
    edited({ directions: 1 }, { mechanism: laplace }),
    edited({ directions: 4096 }),
    edited({ adaptiveClip: { ...stage?.adaptiveClip, rate: 1 } }),
    edited({ adaptiveClip: { ...stage?.adaptiveClip, quantile: 0 } }),
    edited({ adaptiveClip: { ...stage?.adaptiveClip, countSensitivity: 2 ** 19 } }),
  ]) {
    expect(() => readPlan(bad)).toThrow(expect.objectContaining({ code: "invalid-plan" }));
  }
});

test("masks, estimates and scales are in the stages, and cost no privacy", () => {
  const dense = plan();
  const made = plan({
    method: "dp-zopo",
    maskScore: "large-magnitude",
    maskRatio: [0.1, 0.2, 0.3],
    maskStrategy: "grow",
    maskRankWeights: true,
    smoothingUnit: "displacement",
    estimator: "one-sided",
  });
  expect(made.stages[2]).toMatchObject({
    mask: { score: "large-magnitude", ratio: 0.3, strategy: "grow", rankWeights: { high: 1.2, low: 0.8 } },
    smoothingUnit: "displacement",
    estimator: "one-sided",
  });
  expect(made.privacy).toEqual(dense.privacy);
  expect(planEvent(made)).toEqual(planEvent(dense));
});
