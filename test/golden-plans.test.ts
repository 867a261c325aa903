/**
 * Ledgers as they were once written still replay to the very bytes they made then, on every platform: those of plan format
 * 1 by dpzo 0.1.0, those of format 2 by the version that introduced it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { startingValues } from "../src/adapter/index.js";
import { openCheckpoint } from "../src/checkpoint/index.js";
import { createDirectionEngine } from "../src/directions/index.js";
import { memoryFolder } from "../src/files.js";
import { maskSummaries } from "../src/replay/mask-summary.js";
import { planDescription } from "../src/replay/model-folder.js";
import { replayLedger } from "../src/replay/replay-model.js";
import { initialState, replay, type Weights } from "../src/replay/replay.js";
import { checkLedger } from "../src/verify/verify.js";
import { tinyModel } from "./support/tiny-model.js";
import { repositoryPath } from "./support/shared.js";
import { tinyRun } from "./support/tiny-run.js";

interface Golden {
  readonly ledger: readonly string[];
  /** SHA-256 of `model.safetensors`. */
  readonly model: string;
  /** SHA-256 of `adapter/adapter_model.safetensors`, where there are adapters. */
  readonly adapter?: string;
  /** What each stage's mask was. */
  readonly masks?: readonly unknown[];
}

const goldens = [1, 2].flatMap((format) => {
  const text = readFileSync(repositoryPath(`test/golden/plan-${format}.json`), "utf8");
  const cases = JSON.parse(text) as Record<string, Golden>;
  return Object.entries(cases).map(([name, golden]) => ({ name, format, ...golden }));
});
const bytesOf = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);

test.each(goldens)(
  "a ledger of plan $format replays to the same bytes: $name",
  async ({ format, ledger, model, adapter }) => {
    const out = memoryFolder("replayed");
    const checked = await replayLedger(await openCheckpoint(tinyModel()), bytesOf(ledger), out);
    expect(checked.plan.format).toBe(`dpzo-plan/${format}`);
    const digest = (name: string): string | undefined => {
      const written = out.files.get(name);
      return written && createHash("sha256").update(written).digest("hex");
    };
    expect(digest("model.safetensors")).toBe(model);
    expect(digest("adapter/adapter_model.safetensors")).toBe(adapter);
  },
);

test.each(goldens.filter(({ masks }) => masks?.length !== 0 && masks !== undefined))(
  "its masks are those it had: $name",
  async ({ ledger, masks }) => {
    const { plan, entries } = checkLedger(bytesOf(ledger));
    const base = await openCheckpoint(tinyModel());
    const description = planDescription(base, plan);
    const engine = createDirectionEngine({ prefer: "javascript" });
    const weights: Weights = new Map(startingValues(description, plan.directions.runSeed, engine));
    for (const name of base.tensors.keys()) weights.set(name, await base.read(name));
    const state = initialState(weights, description);
    replay(state, plan, entries, engine);
    expect(maskSummaries(state)).toEqual(masks);
  },
);

test("a run of plan 1 that was stopped goes on under this version, on its own ledger", async () => {
  const { ledger } = goldens.find(({ name }) => name === "gaussian-proximal")!;
  const begun = bytesOf(ledger.slice(0, 3));
  const config = { batch: 40, epsilon: 100, proximal: 0.5, train: ["head", "last:1"] };
  const { result, ledger: whole } = await tinyRun({ config, ledger: begun });
  expect(result.finished).toBe(true);
  expect(new TextDecoder().decode(whole).split("\n").slice(0, 3)).toEqual(ledger.slice(0, 3));
  expect(result.verified.plan.format).toBe("dpzo-plan/1");
});
