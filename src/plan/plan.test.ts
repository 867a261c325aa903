import { expect, test } from "vitest";

import { describeModel } from "../model/registry.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { keystream, tinyConfig } from "../../test/support/tiny-run.js";
import { type TrainConfigInput, trainConfigSchema } from "./config.js";
import { epsilonCurve, epsilonSoFar } from "./epsilon-curve.js";
import { planEvent } from "./event.js";
import { makePlan } from "./make-plan.js";
import type { Plan } from "./plan.js";
import { planIdentity, readPlan } from "./read-plan.js";

const config = JSON.parse(new TextDecoder().decode(tinyModel().files.get("config.json"))) as Record<
  string,
  unknown
>;

// Every record in every batch: the accountant has little to do.
function plan(change: Partial<TrainConfigInput> = {}, publicSize = 40): Plan {
  return makePlan({
    config: trainConfigSchema.parse({ ...tinyConfig, batch: 40, epsilon: 100, ...change }),
    description: describeModel(config),
    baseDigest: "0".repeat(64),
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 32 },
    publicSize,
    random: keystream(5),
  });
}

test("The epsilon of the plan's own event at its delta is at most the budget, and close to it.", () => {
  for (const epsilon of [0.5, 8, 100]) {
    const { privacy } = plan({ epsilon });
    expect(privacy.epsilon).toBeLessThanOrEqual(epsilon);
    expect(privacy.epsilon).toBeGreaterThan(0.999 * epsilon);
  }
});

test("a plan is plain JSON that readPlan gives back, and refuses when any field is changed to nonsense", () => {
  const made = plan();
  expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
  for (const change of [
    { format: "dpzo-plan/3" },
    { privacy: { ...made.privacy, delta: 0 } },
    { shrinkage: { rule: "james-stein" } },
    { stages: [{ ...made.stages[0]!, clip: "per-scalar" }] },
    { extra: 1 },
    { stages: [] },
    { mechanism: { ...made.mechanism, latticeSensitivity: 1024 } },
    { sampling: { ...made.sampling, kind: "shuffled" } },
    { directions: { ...made.directions, runSeed: "xyz" } },
    { privacy: { ...made.privacy, delta: 1 } },
  ]) {
    expect(() => readPlan({ ...made, ...change }), JSON.stringify(change)).toThrow(
      expect.objectContaining({ code: "invalid-plan" }) as Error,
    );
  }
  expect(() => readPlan(null)).toThrow(/plan/u);
});

test("a column for the unit is format 2 and changes nothing else; format 1 has none", () => {
  const made = plan({ unit: "user" });
  const { privacy } = plan();
  expect(made).toEqual({
    ...plan(),
    format: "dpzo-plan/2",
    privacy: { ...privacy, unit: { column: "user" } },
  });
  expect(planEvent(made)).toEqual(planEvent(plan()));
  expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
  for (const change of [
    { format: "dpzo-plan/1" },
    { privacy: { ...privacy, unit: { column: "" } } },
    { privacy: { ...privacy, unit: { column: "user", values: 3 } } },
    { privacy: { ...privacy, unit: "user" } },
  ]) {
    expect(() => readPlan({ ...made, ...change }), JSON.stringify(change)).toThrow(
      expect.objectContaining({ code: "invalid-plan" }) as Error,
    );
  }
  expect(() => plan({ unit: "user" }, 30)).toThrow(/30 units/u);
});

test("--seed gives one run seed, another seed another, and without it the seed is drawn", () => {
  const seedOf = (made: Plan): string => made.directions.runSeed;
  expect(seedOf(plan({ seed: 1 }))).toBe(seedOf(plan({ seed: 1 })));
  expect(seedOf(plan({ seed: 1 }))).not.toBe(seedOf(plan({ seed: 2 })));
  const bytes = new Uint8Array(32);
  keystream(5)(bytes);
  expect(seedOf(plan({ seed: undefined }))).toBe(Buffer.from(bytes).toString("hex"));
});

test("two plans are the same run when they differ in the run seed alone", () => {
  expect(planIdentity(plan({ seed: 1 }))).toBe(planIdentity(plan({ seed: 2 })));
  expect(planIdentity(plan({ clip: 5 }))).not.toBe(planIdentity(plan()));
});

test("a batch above the number of records, and more records than sums are exact for, are refused", () => {
  expect(() => plan({ batch: 41 })).toThrow(
    expect.objectContaining({ code: "batch-too-large", value: 41 }) as Error,
  );
  expect(() => plan({ delta: 1e-12 }, 2 ** 32 + 1)).toThrow(
    expect.objectContaining({ code: "batch-too-large" }) as Error,
  );
});

test("the event of the first steps counts them through the stages, and joins stages that spend alike", () => {
  const made = plan({ steps: 7, stages: 3 });
  const times = (steps?: number): number[] => {
    const event = planEvent(made, steps);
    return event.kind === "composed"
      ? event.events.map((part) => (part.kind === "repeated" ? part.times : Number.NaN))
      : [];
  };
  expect([times(), times(7), times(3), times(1)]).toEqual([[7], [7], [3], [1]]);
  const [first, ...others] = made.stages;
  const uneven = { ...made, stages: [{ ...first!, directions: 2 }, ...others] };
  const event = planEvent(uneven, 4);
  expect(event).toMatchObject({ kind: "composed", events: [{ times: 1 }, { times: 3 }] });
});

test("epsilon over steps rises to the plan's epsilon, and between points the next one is told", () => {
  const made = plan({ steps: 100, stages: 1 });
  const curve = epsilonCurve(made);
  expect(curve.at(-1)).toEqual({ step: 100, epsilon: made.privacy.epsilon });
  curve.slice(1).forEach((point, index) => {
    expect(point.step).toBeGreaterThan(curve[index]!.step);
    expect(point.epsilon).toBeGreaterThanOrEqual(curve[index]!.epsilon);
  });
  expect(epsilonSoFar(curve, 0)).toBe(0);
  expect(epsilonSoFar(curve, 1)).toBe(curve[0]!.epsilon);
  expect(epsilonSoFar(curve, 99)).toBe(made.privacy.epsilon);
  expect(epsilonSoFar(curve, 100)).toBe(made.privacy.epsilon);
});

test("noise of more than 4,096 clips is a plan of format 2; what no lattice holds is refused in words", () => {
  const wide = plan({ epsilon: 0.01, steps: 100_000, stages: 1, delta: 1e-6 });
  expect(wide.format).toBe("dpzo-plan/2");
  const { mechanism } = wide;
  expect(mechanism.kind === "discrete-gaussian" && mechanism.standardDeviation).toBeGreaterThan(2 ** 32);
  expect(readPlan(JSON.parse(JSON.stringify(wide)))).toEqual(wide);
  expect(() => readPlan({ ...wide, format: "dpzo-plan/1" })).toThrow(
    expect.objectContaining({ code: "invalid-plan" }) as Error,
  );
  for (const steps of [700, 10_000_000]) {
    expect(() => plan({ epsilon: 1e-6, steps, delta: 1e-12 })).toThrow(/^.{1,400}$/u);
  }
  expect(() => plan({ epsilon: 1e-4, steps: 100_000, delta: 1e-9 })).toThrow(
    expect.objectContaining({ code: "budget-unreachable" }) as Error,
  );
});

test("more steps than can be accounted for are refused by name, and not by a schema's own error", () => {
  expect(() => plan({ stages: 1, stageSteps: [2 ** 33] })).toThrow(
    expect.objectContaining({ code: "bad-event" }) as Error,
  );
});
