import { beforeAll, expect, test } from "vitest";

import { MemoryLedgerFile, openLedger } from "../ledger/index.js";
import { noiseDeviation } from "../plan/noise.js";
import { releaseSchedule } from "../plan/noise.js";
import type { Plan } from "../plan/plan.js";
import { drawDiscreteGaussian } from "../mechanism/index.js";
import { ByteSource } from "../sampling/index.js";
import { keystream, tinyRun, type TinyRun } from "../../test/support/tiny-run.js";
import { guaranteeInWords, verifyLedger } from "./verify.js";

let run: TinyRun;
let plan: Plan;

beforeAll(async () => {
  run = await tinyRun({ config: { batch: 40, epsilon: 100, steps: 6 } });
  plan = run.result.verified.plan;
});

const source = new ByteSource(keystream(3));
const noise = (count: number, deviation: number): number[] =>
  Array.from({ length: count }, () => Number(drawDiscreteGaussian(Math.round(deviation), source)));

/** A ledger with right hashes for any plan, with `lost` of its steps charged and the others released. */
async function ledgerOf(made: Plan, steps: number, lost: readonly number[] = []): Promise<Uint8Array> {
  const file = new MemoryLedgerFile();
  const writer = await openLedger(file, made, releaseSchedule(made));
  for (let step = 1; step <= steps; step += 1) {
    await writer.beginStep(step, writer.nextStage ?? 0);
    if (lost.includes(step)) await writer.abandonStep();
    else await writer.completeStep(noise(3, noiseDeviation(made.mechanism)));
  }
  return file.readAll();
}

test("a finished ledger spends the plan's epsilon; a shorter one less; one without steps nothing", async () => {
  const [none, half, all] = [0, 3, 6].map(async (steps) => verifyLedger(await ledgerOf(plan, steps)));
  expect(await none).toMatchObject({ epsilon: 0, epsilonLower: 0, steps: 0, plannedSteps: 6 });
  const [some, full] = [await half!, await all!];
  expect(full.epsilon).toBeCloseTo(plan.privacy.epsilon, 9);
  expect(some.epsilon).toBeGreaterThan(0);
  expect(some.epsilon).toBeLessThan(full.epsilon);
  expect(full.epsilonLower).toBeLessThanOrEqual(full.epsilon);
});

test("a lost step is charged like any other", async () => {
  const lost = verifyLedger(await ledgerOf(plan, 6, [2, 5]));
  expect(lost).toMatchObject({ steps: 6, lostSteps: 2 });
  expect(lost.epsilon).toBe(verifyLedger(await ledgerOf(plan, 6)).epsilon);
});

test("Epsilon is computed from the steps, and must not be above what the plan promises", async () => {
  const cheaper = { ...plan, privacy: { ...plan.privacy, epsilon: plan.privacy.epsilon / 2 } };
  const quieter: Plan = {
    ...plan,
    mechanism: {
      kind: "discrete-gaussian",
      latticeSensitivity: plan.mechanism.latticeSensitivity,
      standardDeviation: Math.floor(noiseDeviation(plan.mechanism) / 2),
    },
  };
  const overspent = { ...plan, privacy: { ...plan.privacy, targetEpsilon: 50 } };
  for (const made of [cheaper, quieter, overspent]) {
    const bytes = await ledgerOf(made, 2);
    expect(() => verifyLedger(bytes)).toThrow(expect.objectContaining({ code: "plan-mismatch" }) as Error);
  }
});

test("Any byte that was changed is found, with its line", () => {
  for (let at = 0; at < run.ledger.length; at += 17) {
    const edited = run.ledger.slice();
    edited[at] = (edited[at] ?? 0) ^ 4;
    const line = run.ledger.subarray(0, at).filter((byte) => byte === 10).length + 1;
    expect(() => verifyLedger(edited), `byte ${at}`).toThrow(
      expect.objectContaining({ line: expect.any(Number) as number }) as Error,
    );
    try {
      verifyLedger(edited);
    } catch (error) {
      expect(Math.abs((error as { line: number }).line - line)).toBeLessThanOrEqual(1);
    }
  }
});

test("a step that was cut off the end shows as fewer steps, never as more privacy than was spent", () => {
  const whole = verifyLedger(run.ledger);
  const text = new TextDecoder().decode(run.ledger).split("\n");
  const cut = verifyLedger(new TextEncoder().encode(`${text.slice(0, 5).join("\n")}\n`));
  expect(cut).toMatchObject({ steps: 4, plannedSteps: 6 });
  expect(cut.finalHash).not.toBe(whole.finalHash);
});

test("where the unit is a column's, the guarantee in words is for all records of a unit together", () => {
  const verified = verifyLedger(run.ledger);
  const privacy = { ...verified.plan.privacy, unit: { column: "user" } };
  const text = guaranteeInWords({ ...verified, plan: { ...verified.plan, privacy } }).join(" ");
  expect(text).toContain("Each of the 40 units (the number itself is public) is protected as a whole");
  expect(text).toContain('all records that share one value of the column "user", however many they are');
  expect(text).toContain("had any one unit been left out");
  expect(text).toContain("the same person in several units");
  expect(text).not.toMatch(/(one|every other|each of the \d+) record/iu);
});

test("the guarantee in words states the records, epsilon, delta and what is not covered", () => {
  const text = guaranteeInWords(verifyLedger(run.ledger)).join(" ");
  expect(text).toContain("Each of the 40 records");
  expect(text).toContain(`at most ${plan.privacy.delta}`);
  expect(text).toContain(`e^${String(Number(plan.privacy.epsilon.toPrecision(4)))}`);
  expect(text).toContain("Not covered");
});

/** A plan with right hashes whose header was changed before anything was written. */
const changed = (change: (plan: Plan) => object): Plan => ({ ...plan, ...change(plan) });

test.each<[string, (plan: Plan) => object, string]>([
  ["delta 0.5", ({ privacy }) => ({ privacy: { ...privacy, delta: 0.5 } }), "delta-too-large"],
  ["delta 1 / n", ({ privacy }) => ({ privacy: { ...privacy, delta: 1 / 40 } }), "delta-too-large"],
  ["one record less", ({ privacy }) => ({ privacy: { ...privacy, publicSize: 39 } }), "batch-too-large"],
  ["twice the records", ({ privacy }) => ({ privacy: { ...privacy, publicSize: 80 } }), "plan-mismatch"],
  ["half the batch", ({ sampling }) => ({ sampling: { ...sampling, expectedBatch: 20 } }), "plan-mismatch"],
  ["half the rate", ({ sampling }) => ({ sampling: { ...sampling, numerator: 2 ** 31 } }), "plan-mismatch"],
  [
    "a stage's rate",
    ({ stages }) => ({
      format: "dpzo-plan/2",
      stages: stages.map((stage) => ({ ...stage, sampling: { expectedBatch: 10, numerator: 2 ** 29 } })),
    }),
    "plan-mismatch",
  ],
  ["another method", () => ({ format: "dpzo-plan/2", method: "dpzero" }), "plan-mismatch"],
  ["a method of masks", () => ({ format: "dpzo-plan/2", method: "dp-zopo" }), "plan-mismatch"],
  [
    "an epsilon above what is spent",
    ({ privacy }) => ({ privacy: { ...privacy, epsilon: privacy.epsilon * 1.5, targetEpsilon: 200 } }),
    "plan-mismatch",
  ],
])("a plan that contradicts itself is refused: %s", async (_, change, code) => {
  const bytes = await ledgerOf(changed(change), 2);
  expect(() => verifyLedger(bytes)).toThrow(expect.objectContaining({ code }) as Error);
});

test("a ledger without noise is refused, at its chain's end and with lost steps too", async () => {
  const file = new MemoryLedgerFile();
  const writer = await openLedger(file, plan, releaseSchedule(plan));
  for (let step = 1; step <= 6; step += 1) {
    await writer.beginStep(step, writer.nextStage ?? 0);
    if (step === 2) await writer.abandonStep();
    else await writer.completeStep([0, 0, 0]);
  }
  const bytes = await file.readAll();
  expect(() => verifyLedger(bytes)).toThrow(expect.objectContaining({ code: "plan-mismatch" }) as Error);
});
