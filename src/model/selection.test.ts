import { expect, test } from "vitest";

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
