import { describe, expect, test } from "vitest";

import { goldenDecoders, goldenEncoders } from "../../test/support/golden-models.js";
import { hasShared, sharedPath } from "../../test/support/shared.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { nodeFolderReader } from "../node/index.js";

import { describeModel } from "./registry.js";
import { selectTensors } from "./selection.js";

const config = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: 8,
  intermediate_size: 16,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 16,
  num_attention_heads: 2,
  num_hidden_layers: 3,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 20,
};
const description = describeModel(config);
const select = (selection: string): readonly string[] => selectTensors(description, selection);
const perBlock = 16;

test("head is the head's transform, without the vocabulary's rows and bias", () => {
  expect(select("head")).toEqual([
    "cls.predictions.transform.dense.weight",
    "cls.predictions.transform.dense.bias",
    "cls.predictions.transform.LayerNorm.weight",
    "cls.predictions.transform.LayerNorm.bias",
  ]);
});

test("last:N is the top N blocks and the head, blocks is all of them, all is every tensor", () => {
  expect(select("last:1").length).toBe(perBlock + 4);
  expect(
    select("last:1")
      .filter((name) => name.startsWith("bert."))
      .every((name) => name.includes("layer.2.")),
  ).toBe(true);
  expect(select("last:3")).toEqual(select("blocks"));
  expect(select("blocks").some((name) => name.includes("embeddings"))).toBe(false);
  expect(select("all")).toEqual([...description.tensors.keys()]);
});

test("a selection is in the order of the walk, without repeats, however its parts are ordered", () => {
  expect(select("head,last:1,head")).toEqual(select("last:1"));
  const names = select("cls.predictions.bias, bert.encoder.layer.0.output.dense.bias");
  expect(names).toEqual(["bert.encoder.layer.0.output.dense.bias", "cls.predictions.bias"]);
});

test("* stands for any run of characters, and every other character for itself", () => {
  expect(select("*.layer.0.attention.*.bias").length).toBe(5);
  expect(select("bert.embeddings.word_embeddings.weight")).toEqual([
    "bert.embeddings.word_embeddings.weight",
  ]);
  // A dot is no wildcard, and a name must match in whole.
  for (const pattern of ["bertxembeddings.*", "cls.predictions.bia", "(cls).*"]) {
    expect(() => select(pattern)).toThrow(/selects no tensor/u);
  }
});

test("biases, norms, and both, of an encoder: every one but the vocabulary's", () => {
  const all = [...description.tensors.keys()];
  expect(select("biases")).toEqual(
    all.filter((name) => name.endsWith(".bias") && name !== "cls.predictions.bias"),
  );
  expect(select("norms")).toEqual(all.filter((name) => name.includes("LayerNorm")));
  expect(select("bias-and-norm")).toEqual(
    all.filter((name) => select("biases").includes(name) || select("norms").includes(name)),
  );
  // Norms of 8: embeddings', two a block, the head's; biases: eight a block, two in the head, one of the embeddings.
  expect([select("norms").length, select("biases").length]).toEqual([2 * (1 + 6 + 1), 8 * 3 + 2 + 1]);
  const old = describeModel(config, new Set(["bert.embeddings.LayerNorm.gamma"]));
  expect(selectTensors(old, "norms").filter((name) => name.endsWith(".gamma")).length).toBe(8);
});

test("biases and norms of decoders: RMS norms have gains alone, Qwen3's norms of queries and keys are among them", () => {
  const sizes = { hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 2, vocab_size: 20 };
  const llama = describeModel({
    ...sizes,
    model_type: "qwen3",
    hidden_act: "silu",
    intermediate_size: 12,
    max_position_embeddings: 16,
    num_key_value_heads: 1,
    head_dim: 4,
    rms_norm_eps: 1e-6,
  });
  expect(selectTensors(llama, "bias-and-norm")).toEqual(
    [...llama.tensors.keys()].filter((name) => name.includes("norm")),
  );
  expect(selectTensors(llama, "norms").length).toBe(2 * 4 + 1);
  expect(() => selectTensors(llama, "biases")).toThrow(/"biases" selects no tensor/u);
  const gpt2 = describeModel({
    model_type: "gpt2",
    n_embd: 8,
    n_head: 2,
    n_layer: 2,
    n_positions: 16,
    vocab_size: 20,
    layer_norm_epsilon: 1e-5,
  });
  const names = [...gpt2.tensors.keys()];
  expect(selectTensors(gpt2, "biases")).toEqual(names.filter((name) => name.endsWith(".bias")));
  expect(selectTensors(gpt2, "norms")).toEqual(names.filter((name) => name.includes("ln_")));
});

test("a part that selects nothing is refused with what there is", () => {
  for (const selection of ["last:0", "last:4", "last:", "", "tail", "head,nothing"]) {
    expect(() => select(selection), selection).toThrow(
      expect.objectContaining({ code: "unknown-selection" }) as Error,
    );
  }
  expect(() => select("last:4")).toThrow(/last:1 to last:3/u);
});

test("an architecture that is not in the registry is refused with those that are", () => {
  expect(() => describeModel({ ...config, model_type: "t5" })).toThrow(
    expect.objectContaining({ code: "unknown-architecture", value: "t5" }) as Error,
  );
  expect(() => describeModel({})).toThrow(/bert, roberta/u);
});

describe("biases and norms of the golden checkpoints are what their tensors' names say", () => {
  for (const name of [...goldenEncoders, ...goldenDecoders]) {
    test.skipIf(!hasShared(`golden/models/${name}`))(
      `${name} (needs ../shared/golden/models/${name})`,
      async () => {
        const checkpoint = await openCheckpoint(nodeFolderReader(sharedPath(`golden/models/${name}`)));
        const found = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
        await checkpoint.close();
        const names = [...found.tensors.keys()];
        const isNorm = (tensor: string): boolean => /norm|\.ln_/iu.test(tensor);
        const ofVocabulary = (tensor: string): boolean =>
          found.tensors.get(tensor)?.join() === String(found.vocabularySize);
        const biases = names.filter((tensor) => tensor.endsWith(".bias") && !ofVocabulary(tensor));
        expect(selectTensors(found, "norms")).toEqual(names.filter(isNorm));
        expect(selectTensors(found, "bias-and-norm")).toEqual(
          names.filter((tensor) => isNorm(tensor) || biases.includes(tensor)),
        );
        if (biases.length > 0) expect(selectTensors(found, "biases")).toEqual(biases);
      },
    );
  }
});
