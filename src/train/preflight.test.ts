import { expect, test } from "vitest";

import { openCheckpoint, serialiseHeader } from "../checkpoint/index.js";
import { concatBytes, FileError, type FolderReader, type MemoryFolder } from "../files.js";
import { loadModel } from "../model/load.js";
import { describeModel } from "../model/registry.js";
import { nodeRuntime } from "../node/index.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { type ChangeTensor, extremeLoss, tinyModel } from "../../test/support/tiny-model.js";
import { tinyRun, tinyRunWithoutPrivacy } from "../../test/support/tiny-run.js";
import { preflight } from "./preflight.js";

async function look(folder: FolderReader): Promise<readonly string[]> {
  const checkpoint = await openCheckpoint(folder);
  const model = await loadModel(checkpoint);
  const runner = new StageRunner(nodeRuntime({ threads: 1 }));
  return preflight({ ...model, checkpoint, runner, objective: { kind: "label-words", wordIds: [5, 6] } });
}

/** Puts one value into one element of a tensor. */
const put =
  (tensor: string, value: number, at = 3): ChangeTensor =>
  (name, values) => {
    if (name === tensor) values[at] = value;
  };

const scale =
  (part: string, value: number): ChangeTensor =>
  (name, values) => {
    if (name.includes(part)) values.fill(value);
  };

const block = "bert.encoder.layer.1.";
const notFinite: readonly [what: string, tensor: string, value: number][] = [
  ["an infinity in a block", `${block}output.dense.weight`, Infinity],
  ["NaN in a norm's gain", `${block}output.LayerNorm.weight`, NaN],
  [
    "minus infinity in an embedding that no prompt may ever read",
    "bert.embeddings.word_embeddings.weight",
    -Infinity,
  ],
  ["NaN in the vocabulary's bias", "cls.predictions.bias", NaN],
];
for (const [what, tensor, value] of notFinite) {
  test(`${what} is refused by the tensor's name, in the same words before a run as by itself`, async () => {
    const refusal = {
      code: "not-finite",
      value: tensor,
      message: expect.stringContaining("Element 3") as string,
    };
    await expect(look(tinyModel(put(tensor, value)))).rejects.toMatchObject(refusal);
    await expect(tinyRun({ base: tinyModel(put(tensor, value)) })).rejects.toMatchObject(refusal);
  });
}

test("a tensor of no number that nothing reads stops nothing", async () => {
  const folder = withTensor(tinyModel(), "bert.pooler.dense.bias", Float32Array.of(NaN, Infinity));
  expect(await look(folder)).toEqual([]);
});

const overflowing: readonly [what: string, change: ChangeTensor, stage: RegExp][] = [
  ["a head", scale("predictions.transform.LayerNorm", 3e38), /head/u],
  ["a block", scale("layer.0.output.dense", 3e38), /layer|block/u],
  ["norms of the embeddings", scale("embeddings.LayerNorm", 3e38), /embed|layer|block/u],
];
for (const [what, change, stage] of overflowing) {
  test(`finite weights of ${what} under which no logit is finite are refused, naming the stage`, async () => {
    const error = await look(tinyModel(change)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "no-finite-logits" });
    expect((error as { value: string }).value).toMatch(stage);
    await expect(tinyRun({ base: tinyModel(change) })).rejects.toMatchObject({ code: "no-finite-logits" });
  });
}

test("one rare token without finite logits is not a reason to refuse a model", async () => {
  expect(await look(tinyModel(extremeLoss()))).toEqual([]);
});

test("tied tensors that are both stored and differ are refused before a run has a ledger, and equal ones pass", async () => {
  const alias = "cls.predictions.decoder.weight";
  const embeddings = await embeddingsOf(tinyModel());
  expect(await look(withTensor(tinyModel(), alias, embeddings, embeddings.length / 16))).toEqual([]);
  const other = embeddings.slice();
  other[0] = 7;
  const differing = withTensor(tinyModel(), alias, other, embeddings.length / 16);
  await expect(look(differing)).rejects.toMatchObject({ code: "tied-tensors-differ", value: alias });
  await expect(tinyRun({ base: differing })).rejects.toMatchObject({ code: "tied-tensors-differ" });
});

test("a side file that cannot be read is found before a run, not when its model is written", async () => {
  const base = tinyModel();
  base.files.set("vocab.txt", new Uint8Array(3));
  const broken = { ...base, open: openBut("vocab.txt", base) };
  await expect(look(broken)).rejects.toMatchObject({ code: "no-permission" });
});

test("a run whose weights leave float32 stops with the name of a tensor, with noise and without", async () => {
  const config = { learningRate: 3e38, steps: 4, stages: 1, epsilon: 0.5, batch: 4 };
  await expect(tinyRun({ config })).rejects.toMatchObject({ code: "diverged" });
  await expect(
    tinyRunWithoutPrivacy({ config: { learningRate: 3e38, steps: 4, batch: 4 } }),
  ).rejects.toMatchObject({
    code: "diverged",
  });
});

function openBut(name: string, folder: MemoryFolder): FolderReader["open"] {
  return (file) => {
    if (file !== name) return folder.open(file);
    throw new FileError("no-permission", { message: `Cannot open ${file}.`, value: file });
  };
}

async function embeddingsOf(folder: MemoryFolder): Promise<Float32Array> {
  return (await openCheckpoint(folder)).read("bert.embeddings.word_embeddings.weight");
}

/** The folder with one tensor more at the end of its file. */
function withTensor(folder: MemoryFolder, name: string, values: Float32Array, rows?: number): MemoryFolder {
  const config = JSON.parse(new TextDecoder().decode(folder.files.get("config.json"))) as Record<
    string,
    unknown
  >;
  const entries = [...describeModel(config).tensors].map(([tensor, shape]) => ({
    name: tensor,
    dtype: "F32",
    shape,
    bytes: 4 * shape.reduce((a, b) => a * b, 1),
  }));
  const data = folder.files
    .get("model.safetensors")!
    .slice(-entries.reduce((sum, { bytes }) => sum + bytes, 0));
  const shape = rows === undefined ? [values.length] : [rows, values.length / rows];
  const all = [...entries, { name, dtype: "F32", shape, bytes: values.byteLength }];
  const header = serialiseHeader(all, new Map([["format", "pt"]]));
  folder.files.set("model.safetensors", concatBytes([header, data, new Uint8Array(values.slice().buffer)]));
  return folder;
}
