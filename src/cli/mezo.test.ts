import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { MemoryLedgerFile } from "../ledger/index.js";
import { memoryFolder } from "../files.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { trainConfigSchema } from "../plan/config.js";
import { replayLedger, replayModel } from "../replay/replay-model.js";
import { train } from "../train/run.js";
import { checkLedger, verifyLedger } from "../verify/verify.js";
import { jsonLines, tinyModel, tinyRecords, tinyTask, writeToDisk } from "../../test/support/tiny-model.js";
import { each, mezoConfig, tinyConfig, tinyRunWithoutPrivacy } from "../../test/support/tiny-run.js";
import { createOutput } from "./output.js";
import { runTraining } from "./train-run.js";
import { testRuntime } from "../../test/support/runtime.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-mezo-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const refused = expect.objectContaining({ code: "not-private", value: "mezo" }) as Error;

test("mezo states no epsilon anywhere: not in plan, ledger, card, metrics or words; no report is written", async () => {
  const model = writeToDisk(tinyModel(), join(folder, "base"));
  writeFileSync(join(folder, "data.jsonl"), jsonLines(tinyRecords(40)));
  const out = join(folder, "run");
  let told = "";
  const stream = { isTTY: false, write: (text: string) => ((told += text), true) };
  const output = createOutput({ stdout: stream, stderr: stream }, { json: false, quiet: false });
  const metrics = await runTraining(
    {
      modelFolder: model,
      out,
      task: tinyTask,
      config: trainConfigSchema.parse({ ...tinyConfig, ...mezoConfig }),
      records: each(tinyRecords(40)),
    },
    output,
  );
  expect(metrics).toMatchObject({ private: false, finished: true });
  const files = ["ledger.jsonl", "metrics.json", "model/README.md"].map((name) =>
    readFileSync(join(out, name), "utf8"),
  );
  for (const text of [...files, JSON.stringify(metrics)]) expect(text).not.toMatch(/epsilon|delta/iu);
  expect(files[2]).toContain("This run gives no privacy");
  expect(told).toContain("NOT PRIVATE");
  expect(told.replace("no epsilon", "")).not.toMatch(/epsilon/iu);
  expect(() => readFileSync(join(out, "report.html"))).toThrow(/ENOENT/u);
});

test("nothing gives a mezo ledger an epsilon: verifying and replaying it as a private one are refused", async () => {
  const run = await tinyRunWithoutPrivacy({ config: { steps: 4 } });
  expect(() => verifyLedger(run.ledger)).toThrow(refused);
  expect(checkLedger(run.ledger)).toMatchObject({ steps: 4, plannedSteps: 4 });
  expect(checkLedger(run.ledger)).not.toHaveProperty("epsilon");
  const base = await openCheckpoint(tinyModel());
  await expect(replayModel(base, run.ledger, memoryFolder("out"))).rejects.toThrow(refused);
  const out = memoryFolder("out");
  expect(await replayLedger(base, run.ledger, out)).not.toHaveProperty("epsilon");
  expect(out.files.get("model.safetensors")).toEqual(run.model.files.get("model.safetensors"));
  await expect(
    train({
      base,
      runtime: testRuntime(),
      task: tinyTask,
      config: trainConfigSchema.parse({ method: "mezo", batch: 8 }),
      records: each(tinyRecords(40)),
      files: {
        ledger: new MemoryLedgerFile(),
        model: memoryFolder("m"),
        reopen: () => openCheckpoint(tinyModel()),
      },
    }),
  ).rejects.toThrow(refused);
});
