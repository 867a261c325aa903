import { spawnSync } from "node:child_process";
import { goldenDecoders, goldenEncoders } from "./support/golden-models.js";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { exportOnnx, type OnnxOptions } from "../src/export/index.js";
import { loadModel } from "../src/model/load.js";
import { batchActivations } from "../src/model/token-batch.js";
import { nodeFolderReader, nodeFolderWriter, nodeRuntime } from "../src/node/index.js";
import { decodeGreedily } from "../src/runtime/generate.js";
import { type Golden, parseGolden } from "../src/runtime/golden.js";
import { type Activations, StageRunner, weightSource } from "../src/runtime/stage-runner.js";
import { hasShared, repositoryPath, sharedPath } from "./support/shared.js";
import { tinyModel, writeToDisk } from "./support/tiny-model.js";
import { ledgerLines, type TinyRun, tinyRun } from "./support/tiny-run.js";
import { goldenDifference, goldenInputs, loadWithTransformersJs, longs } from "./support/transformers-js.js";

const encoders: ReadonlySet<string> = new Set(goldenEncoders);
const scratch = mkdtempSync(join(tmpdir(), "dpzo-roundtrip-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function exported(from: string, name: string, options: OnnxOptions = {}): Promise<string> {
  const out = join(scratch, name);
  const checkpoint = await openCheckpoint(nodeFolderReader(from));
  const folder = { out: nodeFolderWriter(out), onnx: nodeFolderWriter(join(out, "onnx")) };
  await exportOnnx(checkpoint, folder, options);
  await checkpoint.close();
  return out;
}

function goldenOf(name: string): Golden {
  return parseGolden(readFileSync(sharedPath(`golden/models/${name}/golden.json`), "utf8"));
}

describe("exported checkpoints give the golden logits in transformers.js, to 1e-4", () => {
  for (const name of [...goldenEncoders, ...goldenDecoders]) {
    test.skipIf(!hasShared(`golden/models/${name}`))(
      `${name} (needs ../shared/golden/models/${name})`,
      async () => {
        const folder = await exported(sharedPath(`golden/models/${name}`), name);
        const kind = encoders.has(name) ? "masked-lm" : "causal-lm";
        const model = await loadWithTransformersJs(folder, kind);
        const golden = goldenOf(name);
        const { logits } = await model(goldenInputs(golden));
        await model.dispose();
        expect(logits.dims).toEqual(golden.logits_shape);
        const { compared, largest } = goldenDifference(golden, logits.data);
        expect(compared).toBeGreaterThan(1000);
        expect(largest).toBeLessThan(1e-4);
      },
    );
  }
});

test.skipIf(!hasShared("golden/models"))("no folder of references is left out", () => {
  expect(readdirSync(sharedPath("golden/models")).sort()).toEqual(
    [...goldenEncoders, ...goldenDecoders].sort(),
  );
});

test.skipIf(!hasShared("golden/models/qwen3-gqa"))(
  "weights in a file of their own give the same logits (needs ../shared/golden/models/qwen3-gqa)",
  async () => {
    const folder = await exported(sharedPath("golden/models/qwen3-gqa"), "external", { inlineLimit: 1000 });
    expect(readdirSync(join(folder, "onnx")).sort()).toEqual(["model.onnx", "model.onnx_data"]);
    const model = await loadWithTransformersJs(folder, "causal-lm");
    const golden = goldenOf("qwen3-gqa");
    const { logits } = await model(goldenInputs(golden));
    await model.dispose();
    expect(goldenDifference(golden, logits.data).largest).toBeLessThan(1e-4);
  },
);

describe("greedy decoding in transformers.js adds the tokens that dpzo adds", () => {
  for (const name of ["gpt2", "opt-pre-norm", "llama-gqa-tied", "qwen3-gqa"]) {
    test.skipIf(!hasShared(`golden/models/${name}`))(
      `${name} (needs ../shared/golden/models/${name})`,
      async () => {
        const source = sharedPath(`golden/models/${name}`);
        const checkpoint = await openCheckpoint(nodeFolderReader(source));
        const model = await loadModel(checkpoint);
        const prompts = [5, 3].map((length, row) => goldenOf(name).input_ids[row]?.slice(0, length) ?? []);
        const ours = await decodeGreedily({
          description: model.description,
          runner: new StageRunner(nodeRuntime()),
          weights: weightSource(model.description, model.weights),
          prompts: prompts.map((ids) => Int32Array.from(ids)),
          newTokens: 8,
        });
        await checkpoint.close();
        const elsewhere = await loadWithTransformersJs(await exported(source, `${name}-greedy`), "causal-lm");
        // Prompts of two lengths: transformers.js pads on the left.
        const padded = prompts.map((ids) => [...Array<number>(5 - ids.length).fill(0), ...ids]);
        const mask = prompts.map((ids) => [...Array<number>(5 - ids.length).fill(0), ...ids.map(() => 1)]);
        const answer = await elsewhere.generate({
          input_ids: longs(padded),
          attention_mask: longs(mask),
          max_new_tokens: 8,
          do_sample: false,
          eos_token_id: -1,
        });
        await elsewhere.dispose();
        const all = Array.from(answer.data, Number);
        expect([all.slice(5, 13), all.slice(18)]).toEqual(ours.map((ids) => [...ids]));
      },
    );
  }
});

describe("base, three steps of training, folder, and then elsewhere", () => {
  /** Two lengths, so that the shorter is padded. */
  const inputIds = [
    [2, 20, 29, 31, 10, 12, 4, 17, 3],
    [2, 33, 40, 4, 3, 0, 0, 0, 0],
  ];
  const attentionMask = inputIds.map((ids) => ids.map((id) => (id === 0 ? 0 : 1)));
  let run: TinyRun;
  let folder: string;
  let ours: Float32Array;

  beforeAll(async () => {
    run = await tinyRun({ config: { steps: 3, stages: 1, train: ["all"] } });
    folder = writeToDisk(run.model, join(scratch, "trained"));
    ours = await allLogits(folder);
  });

  /** Every logit of the padded batch, with dpzo. */
  async function allLogits(from: string): Promise<Float32Array> {
    const checkpoint = await openCheckpoint(nodeFolderReader(from));
    const { description, weights } = await loadModel(checkpoint);
    await checkpoint.close();
    const records = inputIds.map((ids) => ({
      inputIds: Int32Array.from(ids.filter((id) => id !== 0)),
      tokenTypeIds: new Int32Array(ids.filter((id) => id !== 0).length),
      maskPosition: 0,
    }));
    const runner = new StageRunner(nodeRuntime());
    let activations: Activations = batchActivations(description, records, 9);
    for (const stage of description.stages({ kind: "all-logits" })) {
      activations = await runner.run(stage, weightSource(description, weights), activations);
    }
    return Float32Array.from(activations["logits"]?.data ?? []);
  }

  /** The largest difference from dpzo's own logits at tokens, padding left out. */
  function difference(logits: ArrayLike<number>): number {
    const width = ours.length / (2 * 9);
    expect(logits.length).toBe(ours.length);
    return Math.max(
      ...Array.from(ours, (value, at) =>
        attentionMask.flat()[Math.floor(at / width)] === 1 ? Math.abs(value - (logits[at] ?? Infinity)) : 0,
      ),
    );
  }

  test("three steps moved the weights", async () => {
    expect(ledgerLines(run.ledger).length - 1).toBe(3);
    const base = await allLogits(writeToDisk(tinyModel(), join(scratch, "base")));
    expect(difference(base)).toBeGreaterThan(1e-3);
  });

  test("transformers.js gives dpzo's logits to 1e-4, and the guarantee comes along", async () => {
    const out = await exported(folder, "trained-onnx");
    const names = readdirSync(out).sort();
    expect(names).toEqual(
      expect.arrayContaining(["README.md", "config.json", "ledger.jsonl", "tokenizer.json"]),
    );
    expect(names).not.toContain("model.safetensors");
    const model = await loadWithTransformersJs(out, "masked-lm");
    const { logits } = await model({ input_ids: longs(inputIds), attention_mask: longs(attentionMask) });
    await model.dispose();
    expect(difference(logits.data)).toBeLessThan(1e-4);
  });

  const python = process.env["DPZO_PYTHON"] ?? "python3";
  const hasTransformers = spawnSync(python, ["-c", "import torch, transformers"]).status === 0;
  test.skipIf(!hasTransformers)(
    "Python transformers gives dpzo's logits to 1e-4 (needs torch and transformers in DPZO_PYTHON or python3)",
    { timeout: 120_000 },
    () => {
      const inputs = JSON.stringify({ input_ids: inputIds, attention_mask: attentionMask });
      const script = repositoryPath("tools/roundtrip/check_transformers.py");
      const answer = spawnSync(python, [script, folder], { input: inputs, encoding: "utf8" });
      expect(answer.status, answer.stderr).toBe(0);
      const { logits } = JSON.parse(answer.stdout) as { logits: number[] };
      expect(difference(logits)).toBeLessThan(1e-4);
    },
  );
});
