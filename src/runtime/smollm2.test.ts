import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { hasShared, sharedPath } from "../../test/support/shared.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { type LoadedModel, loadModel } from "../model/load.js";
import { countParameters } from "../model/registry.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import { nodeFolderReader, nodeRuntime } from "../node/index.js";
import { decodeGreedily } from "./generate.js";
import { tokenLogLikelihoods } from "./likelihood.js";
import type { Tensor } from "./runtime.js";
import { type Activations, StageRunner, weightSource } from "./stage-runner.js";

interface Case {
  readonly ids: readonly number[];
  readonly last_logits_top10: { readonly ids: readonly number[]; readonly values: readonly number[] };
  readonly last_logits_at_every_512th_id: readonly number[];
  readonly options?: readonly { readonly ids: readonly number[]; readonly log_likelihood: number }[];
  readonly greedy: readonly number[];
}

const file = "models/SmolLM2-135M/SmolLM2-135M-Instruct.Q4_1.gguf";
const tool = "tools/unpack-gguf.mjs";
const present = hasShared(file) && hasShared(tool);
const cases = present
  ? (JSON.parse(readFileSync(sharedPath("models/SmolLM2-135M/golden.json"), "utf8")) as { cases: Case[] })
      .cases
  : [];

describe.skipIf(!present)("SmolLM2-135M answers as the reference does (needs ../shared/models)", () => {
  const runner = new StageRunner(nodeRuntime());
  let folder: string;
  let model: LoadedModel;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dpzo-smollm2-"));
    const unpacked = spawnSync(process.execPath, [sharedPath(tool), sharedPath(file), folder]);
    expect(unpacked.status).toBe(0);
    const checkpoint = await openCheckpoint(nodeFolderReader(folder));
    model = await loadModel(checkpoint);
    await checkpoint.close();
  }, 120_000);

  afterAll(async () => {
    await runner.release();
    rmSync(folder, { recursive: true, force: true });
  });

  async function logits(records: readonly TokenRecord[]): Promise<Tensor> {
    const { description, weights } = model;
    const longest = Math.max(...records.map(({ inputIds }) => inputIds.length));
    let activations: Activations = batchActivations(description, records, longest);
    for (const stage of description.stages({ kind: "token-logits" })) {
      activations = await runner.run(stage, weightSource(description, weights), activations);
    }
    return activations["logits"]!;
  }

  function record(ids: readonly number[], readPositions: readonly number[]): TokenRecord {
    return {
      inputIds: Int32Array.from(ids),
      tokenTypeIds: new Int32Array(ids.length),
      maskPosition: 0,
      readPositions,
    };
  }

  test("134,515,008 weights, and every logit the reference has to 1e-4", async () => {
    expect(countParameters(model.description)).toBe(134_515_008);
    const { data } = await logits(cases.map(({ ids }) => record(ids, [ids.length - 1])));
    cases.forEach(({ last_logits_top10: top, last_logits_at_every_512th_id: sparse }, index) => {
      const at = (id: number) => data[index * 49_152 + id]!;
      // The reference's figures are rounded to five decimals.
      top.ids.forEach((id, rank) => {
        expect(Math.abs(at(id) - top.values[rank]!)).toBeLessThan(1e-4);
      });
      sparse.forEach((value, step) => {
        expect(Math.abs(at(512 * step) - value)).toBeLessThan(1e-4);
      });
    });
  }, 120_000);

  test("the log-likelihood of every option to 1e-4", async () => {
    const options = cases.flatMap(({ ids, options: list = [] }) =>
      list.map((option) => ({ ...option, text: [...ids, ...option.ids], from: ids.length - 1 })),
    );
    const records = options.map(({ text, ids, from }) =>
      record(
        text,
        [...ids.keys()].map((at) => from + at),
      ),
    );
    const each = tokenLogLikelihoods(
      await logits(records),
      options.flatMap(({ ids }) => ids),
    );
    let at = 0;
    for (const { ids, log_likelihood: expected } of options) {
      const sum = each.slice(at, at + ids.length).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - expected)).toBeLessThan(1e-4);
      at += ids.length;
    }
    expect(options.length).toBeGreaterThan(2);
  }, 120_000);

  test("the greedy continuation of every prompt, together in one batch", async () => {
    const answers = await decodeGreedily({
      description: model.description,
      runner,
      weights: weightSource(model.description, model.weights),
      prompts: cases.map(({ ids }) => Int32Array.from(ids)),
      newTokens: Math.max(...cases.map(({ greedy }) => greedy.length)),
    });
    answers.forEach((answer, index) => {
      const { greedy } = cases[index]!;
      expect(answer.slice(0, greedy.length)).toEqual(greedy);
    });
  }, 120_000);
});
