import fc from "fast-check";
import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { memoryFolder } from "../files.js";
import { createMechanism } from "../mechanism/index.js";
import { stageLattice } from "../plan/noise.js";
import { countSensitivity, type PlanStage } from "../plan/plan.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { keystream, ledgerLines, tinyRun, type TinyRun } from "../../test/support/tiny-run.js";
import { clipThresholdsSoFar, continuesClip, nextClipThreshold } from "./adaptive-clip.js";
import { replayModel } from "./replay-model.js";

const adaptive = { quantile: 0.5, rate: 0.2, countSensitivity } as const;
const config = { clipQuantile: 0.5, batch: 40, epsilon: 100, steps: 7 };
const valuesOf = (run: TinyRun): number[][] =>
  ledgerLines(run.ledger)
    .slice(1)
    .map(({ values }) => values as number[]);

test("the threshold stays where the count says the quantile, grows below it and shrinks above, by at most the rate", () => {
  const all = countSensitivity * 100;
  expect(nextClipThreshold(4, adaptive, 0, 100)).toBe(4);
  expect(nextClipThreshold(4, adaptive, -all, 100)).toBeCloseTo(4 * 1.1, 12);
  expect(nextClipThreshold(4, adaptive, all, 100)).toBeCloseTo(4 * 0.9, 12);
  // Noise may say more than all and less than none.
  expect(nextClipThreshold(4, adaptive, 1000 * all, 100)).toBe(nextClipThreshold(4, adaptive, all, 100));
});

test("whatever is released, the threshold stays one that the mechanism takes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.maxSafeInteger(), { maxLength: 50 }),
      fc.double({ min: 1e-29, max: 1e29, noNaN: true }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (counts, start, quantile, rate) => {
        const last = counts.reduce(
          (clip, count) => nextClipThreshold(clip, { ...adaptive, quantile, rate }, count, 7),
          start,
        );
        expect(last).toBeGreaterThanOrEqual(2 ** -100);
        expect(last).toBeLessThanOrEqual(2 ** 100);
      },
    ),
  );
});

test("through the mechanism and its noise it finds the quantile of the norms, from far above and from far below", () => {
  // 200 records with norms spread evenly from 0 to 10: the 0.7 quantile is 7.
  const batch = Array.from({ length: 200 }, (_, i) => Float64Array.of((i + 0.5) / 20));
  const plan = { mechanism: { latticeSensitivity: 2 ** 20 } } as const;
  for (const start of [0.01, 1000]) {
    const random = keystream(4);
    let clip = start;
    let mean = 0;
    for (let step = 0; step < 400; step += 1) {
      const lattice = stageLattice(
        plan,
        { directions: 1, clipThreshold: start, adaptiveClip: adaptive },
        clip,
      );
      const { values } = createMechanism({ ...lattice, standardDeviation: 2 ** 20 }, random).release(batch);
      clip = nextClipThreshold(clip, { ...adaptive, quantile: 0.7 }, values[1]!, 200);
      if (step >= 300) mean += clip / 100;
    }
    expect(mean).toBeGreaterThan(6.5);
    expect(mean).toBeLessThan(7.5);
  }
});

test("a run whose clip follows a quantile replays to the same bytes, from base and ledger alone", async () => {
  for (const method of [
    { stages: 2 },
    { method: "dp-aggzo", stages: undefined, shrinkage: "james-stein" },
  ] as const) {
    const run = await tinyRun({ config: { ...config, clip: 1000, epsilon: 1000, ...method } });
    const { verified } = run.result;
    expect(verified.epsilon).toBeLessThanOrEqual(1000);
    expect(valuesOf(run).map((values) => values.length)).toEqual(Array<number>(7).fill(4));
    const out = memoryFolder("replayed");
    await replayModel(await openCheckpoint(tinyModel()), run.ledger, out);
    expect(out.files).toEqual(run.model.files);
    const thresholds = [...clipThresholdsSoFar(verified.plan, verified.entries).values()];
    expect(thresholds.length).toBe(verified.plan.stages.length);
    // 1000 is where it starts, and the tiny model's differences are far below: it has come down.
    expect(thresholds.at(-1)).toBeLessThan(1000);
  }
});

test("a run that was stopped goes on with the threshold that its ledger says", async () => {
  const whole = await tinyRun({ config });
  const cut = new TextEncoder().encode(
    new TextDecoder().decode(whole.ledger).split("\n").slice(0, 4).join("\n") + "\n",
  );
  const resumed = await tinyRun({ config, ledger: cut, secret: keystream(8) });
  expect(valuesOf(resumed).slice(0, 3)).toEqual(valuesOf(whole).slice(0, 3));
  const out = memoryFolder("replayed");
  await replayModel(await openCheckpoint(tinyModel()), resumed.ledger, out);
  expect(out.files).toEqual(resumed.model.files);
});

test("the update is the clipped mean at the step's own threshold: a wrong count would train another model", async () => {
  const run = await tinyRun({ config });
  const fixed = await tinyRun({ config: { ...config, clipQuantile: undefined } });
  expect(run.model.files.get("model.safetensors")).not.toEqual(fixed.model.files.get("model.safetensors"));
  // In the first step both have the same threshold, and directions the same seed: only the unit differs a little.
  expect(valuesOf(run)[0]!.length).toBe(valuesOf(fixed)[0]!.length + 1);
});

test("a stage goes on where the stage before it ended, unless it says otherwise", () => {
  const stage = { adaptiveClip: adaptive, clipThreshold: 4, directions: 8 } as unknown as PlanStage;
  expect(continuesClip(stage, undefined)).toBe(false);
  expect(continuesClip(stage, stage)).toBe(true);
  expect(continuesClip({ ...stage, directions: 16 }, stage)).toBe(false);
  expect(continuesClip({ ...stage, clipThreshold: 3 }, stage)).toBe(false);
  const plain = { clipThreshold: 4, directions: 8 } as unknown as PlanStage;
  expect(continuesClip(stage, plain)).toBe(false);
});
