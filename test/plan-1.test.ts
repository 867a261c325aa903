/** Ledgers of plan format 1, written by dpzo 0.1.0, still verify and replay to the very bytes they made then. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { memoryFolder } from "../src/files.js";
import { replayModel } from "../src/replay/replay-model.js";
import { tinyModel } from "./support/tiny-model.js";
import { repositoryPath } from "./support/shared.js";

interface Golden {
  readonly ledger: readonly string[];
  /** SHA-256 of `model.safetensors`. */
  readonly model: string;
}

const golden = JSON.parse(readFileSync(repositoryPath("test/golden/plan-1.json"), "utf8")) as Record<
  string,
  Golden
>;

test.each(Object.entries(golden))(
  "a ledger of plan 1 replays to the same bytes: %s",
  async (_, { ledger, model }) => {
    const out = memoryFolder("replayed");
    const bytes = new TextEncoder().encode(`${ledger.join("\n")}\n`);
    const verified = await replayModel(await openCheckpoint(tinyModel()), bytes, out);
    expect(verified.plan.format).toBe("dpzo-plan/1");
    const written = out.files.get("model.safetensors") ?? new Uint8Array();
    expect(createHash("sha256").update(written).digest("hex")).toBe(model);
  },
);
