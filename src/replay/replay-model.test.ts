import { expect, test } from "vitest";

import { openCheckpoint } from "../checkpoint/index.js";
import { memoryFolder } from "../files.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { tinyRun } from "../../test/support/tiny-run.js";
import { replayModel } from "./replay-model.js";

const config = { batch: 40, epsilon: 100, steps: 4 };

test("The same bytes as the training run wrote, in every file of the folder.", async () => {
  for (const train of [["head"], ["head", "all"]]) {
    const run = await tinyRun({ config: { ...config, train, proximal: 0.1 } });
    const out = memoryFolder("replayed");
    const verified = await replayModel(await openCheckpoint(tinyModel()), run.ledger, out);
    expect(out.files).toEqual(run.model.files);
    expect(verified.steps).toBe(4);
  }
});

test("The ledger is verified and the base's digest checked before anything is written.", async () => {
  const { ledger } = await tinyRun({ config });
  const other = tinyModel((name, values) => {
    if (name.endsWith("predictions.bias")) values[3] = 7;
  });
  const out = memoryFolder("replayed");
  await expect(replayModel(await openCheckpoint(other), ledger, out)).rejects.toMatchObject({
    code: "base-mismatch",
  });
  const edited = ledger.slice();
  edited[edited.length - 100] = (edited[edited.length - 100] ?? 0) ^ 1;
  await expect(replayModel(await openCheckpoint(tinyModel()), edited, out)).rejects.toThrow();
  expect(out.files.size).toBe(0);
});
