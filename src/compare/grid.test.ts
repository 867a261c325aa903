import { expect, test } from "vitest";

import type { CellRequest, CellResult } from "./cell.js";
import { type GridRequest, type GridRunner, runGrid } from "./grid.js";
import type { Variant } from "./settings.js";

const variants: readonly Variant[] = [
  { name: "zero-shot", method: "zero-shot", candidates: [] },
  { name: "dpzero", method: "dpzero", candidates: [{ learningRate: 0.1 }, { learningRate: 0.2 }] },
  { name: "mezo", method: "mezo", candidates: [{ learningRate: 0.3 }] },
];
const request: GridRequest = { variants, epsilons: [2, 4], delta: 1e-5, seeds: 3, forwardPasses: 1000 };

/** A runner that scores by the learning rate, and remembers what it was asked for. */
function fakeRunner(kept = new Map<string, CellResult>()): GridRunner & {
  readonly asked: CellRequest[];
  readonly kept: Map<string, CellResult>;
} {
  const asked: CellRequest[] = [];
  return {
    asked,
    kept,
    run: (cell) => {
      asked.push(cell);
      const accuracy = cell.candidate?.learningRate ?? 0;
      const passes = { lossEvaluations: 1, forwardPasses: 1, steps: 1, directions: 1, seconds: 0 };
      return Promise.resolve({ score: { accuracy, macroF1: 0 }, ...passes });
    },
    store: {
      find: (cell) => Promise.resolve(kept.get(JSON.stringify(cell))),
      keep: (cell, result) => {
        kept.set(JSON.stringify(cell), result);
        return Promise.resolve();
      },
    },
  };
}

test("settings are chosen on dev, with a seed of their own, before test is looked at", async () => {
  const runner = fakeRunner();
  const rows = await runGrid(request, runner);
  const ofDpzero = runner.asked.filter(({ epsilon }) => epsilon === 2);
  expect(ofDpzero.map(({ split, seed }) => [split, seed])).toEqual([
    ["dev", 0],
    ["dev", 0],
    ["test", 1],
    ["test", 2],
    ["test", 3],
  ]);
  expect(rows[1]).toMatchObject({ epsilon: 2, chosen: { learningRate: 0.2 } });
  expect(rows[1]?.runs).toHaveLength(3);
});

test("one candidate is not run on dev; methods without privacy are run once for all budgets", async () => {
  const runner = fakeRunner();
  const rows = await runGrid(request, runner);
  expect(rows.map(({ variant, epsilon }) => [variant.name, epsilon])).toEqual([
    ["zero-shot", undefined],
    ["dpzero", 2],
    ["dpzero", 4],
    ["mezo", undefined],
  ]);
  const ofMezo = runner.asked.filter(({ candidate }) => candidate?.learningRate === 0.3);
  expect(ofMezo.map(({ split, epsilon }) => [split, epsilon])).toEqual([
    ["test", undefined],
    ["test", undefined],
    ["test", undefined],
  ]);
});

test("what is stored is not run again, and what was stopped is", async () => {
  const first = fakeRunner();
  await runGrid(request, first);
  const [lost = ""] = [...first.kept.keys()].slice(-1);
  const kept = new Map(first.kept);
  kept.delete(lost);
  const second = fakeRunner(kept);
  const progress: (readonly [number, number, boolean])[] = [];
  const rows = await runGrid(request, {
    ...second,
    onCell: (done, total, isStored) => progress.push([done, total, isStored]),
  });
  expect(second.asked.map((cell) => JSON.stringify(cell))).toEqual([lost]);
  expect(rows).toEqual(await runGrid(request, fakeRunner()));
  expect(progress.at(-1)).toEqual([14, 14, false]);
  expect(progress.slice(0, -1).every(([, , isStored]) => isStored)).toBe(true);
});

test("a run that stops the comparison leaves what was kept before it", async () => {
  const runner = fakeRunner();
  let runs = 0;
  const stopping: GridRunner = {
    ...runner,
    run: (cell, what) => {
      runs += 1;
      return runs === 4 ? Promise.reject(new Error("stopped")) : runner.run(cell, what);
    },
  };
  await expect(runGrid(request, stopping)).rejects.toThrow("stopped");
  expect(runner.kept.size).toBe(3);
});
