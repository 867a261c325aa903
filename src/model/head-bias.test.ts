import { describe, expect, test } from "vitest";

import { type Checkpoint, openCheckpoint, serialiseHeader, writeCheckpoint } from "../checkpoint/index.js";
import { concatBytes, type FolderReader, memoryFolder } from "../files.js";
import { loadModel } from "./load.js";
import { architectures, describeModel } from "./registry.js";

/**
 * Which of the two names of a masked-LM head's bias is added, and what becomes of the other.
 *
 * Expected: BertForMaskedLM, RobertaForMaskedLM and XLMRobertaForMaskedLM of transformers 5.24.0 with torch 2.15.0,
 * loaded from files that hold the first name, the second, both with the same data, or both with different data.
 */

type Config = Readonly<Record<string, unknown>>;

const sizes: Config = {
  hidden_size: 4,
  intermediate_size: 6,
  max_position_embeddings: 8,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 5,
};
const heads = {
  bert: ["cls.predictions.bias", "cls.predictions.decoder.bias"],
  roberta: ["lm_head.bias", "lm_head.decoder.bias"],
  "xlm-roberta": ["lm_head.bias", "lm_head.decoder.bias"],
  camembert: ["lm_head.bias", "lm_head.decoder.bias"],
} as const;
type Two = keyof typeof heads;

const first = [1, 2, 3, 4, 5];
const second = [10, 20, 30, 40, 50];

/** A checkpoint with constant weights, and with these biases in the vocabulary projection. */
function folder(config: Config, biases: Readonly<Record<string, readonly number[]>>): FolderReader {
  const names = new Set(Object.keys(biases));
  const others = [...describeModel(config).tensors].filter(
    ([name]) => !/(?:predictions|lm_head)\.(?:decoder\.)?bias$/u.test(name),
  );
  const tensors = [
    ...others.map(([name, shape]) => ({
      name,
      shape,
      values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
    })),
    ...[...names].map((name) => ({ name, shape: [5], values: Float32Array.from(biases[name] ?? []) })),
  ].map((tensor) => ({ ...tensor, dtype: "F32", bytes: tensor.values.byteLength }));
  return memoryFolder("base", {
    "config.json": new TextEncoder().encode(JSON.stringify(config)),
    "model.safetensors": concatBytes([
      serialiseHeader(tensors, new Map([["format", "pt"]])),
      ...tensors.map(({ values }) => new Uint8Array(values.buffer)),
    ]),
  });
}

const open = (
  type: Two,
  tied: boolean,
  biases: readonly [string, readonly number[]][],
): Promise<Checkpoint> =>
  openCheckpoint(
    folder({ ...sizes, model_type: type, tie_word_embeddings: tied }, Object.fromEntries(biases)),
  );

/** What the head's graph adds, from what was loaded. */
async function added(checkpoint: Checkpoint): Promise<number[]> {
  const { description, weights } = await loadModel(checkpoint);
  const head = description.stages({ kind: "all-logits" }).at(-1);
  const bound = head?.weights.find(({ input }) => input === "decoder_bias");
  return [...(weights.get(bound?.tensor ?? "") ?? [])];
}

describe("the bias that is added", () => {
  for (const [type, [one, two]] of Object.entries(heads) as [Two, readonly [string, string]][]) {
    test(`${type}, tied: whichever is there; both where they are the same`, async () => {
      expect(await added(await open(type, true, [[one, first]]))).toEqual(first);
      expect(await added(await open(type, true, [[two, second]]))).toEqual(second);
      const same = await open(type, true, [
        [one, first],
        [two, first],
      ]);
      expect(await added(same)).toEqual(first);
    });

    test(`${type}, tied: two that differ are refused, since transformers 4 and 5 take different ones`, async () => {
      const differ = await open(type, true, [
        [one, first],
        [two, second],
      ]);
      await expect(loadModel(differ)).rejects.toMatchObject({ code: "tied-tensors-differ", value: two });
    });

    test(`${type}, untied: decoder.bias, whatever the other is`, async () => {
      expect(await added(await open(type, false, [[two, second]]))).toEqual(second);
      const differ = await open(type, false, [
        [one, first],
        [two, second],
      ]);
      expect(await added(differ)).toEqual(second);
    });

    test(`${type}, untied without decoder.bias: refused by name, since transformers 5 adds zeros`, async () => {
      const lone = await open(type, false, [[one, first]]);
      await expect(loadModel(lone)).rejects.toMatchObject({ code: "tensor-missing", value: two });
      await expect(loadModel(lone)).rejects.toThrow(`It has ${one}, which transformers 4 adds`);
    });
  }
});

describe("what is written after the bias was trained", () => {
  const trained = Float32Array.of(7, 7, 7, 7, 7);
  async function write(checkpoint: Checkpoint): Promise<Readonly<Record<string, number[] | undefined>>> {
    const description = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
    const head = description.stages({ kind: "all-logits" }).at(-1);
    const name = head?.weights.find(({ input }) => input === "decoder_bias")?.tensor ?? "";
    const out = memoryFolder("out");
    await writeCheckpoint(out, checkpoint, new Map([[name, trained]]), {
      tiedAliases: description.tiedAliases,
    });
    const back = await openCheckpoint(out);
    expect(await added(back)).toEqual([...trained]);
    const values = async (tensor: string): Promise<number[] | undefined> =>
      back.tensors.has(tensor) ? [...(await back.read(tensor))] : undefined;
    const [one, two] = heads[checkpoint.config["model_type"] as Two];
    return { one: await values(one), two: await values(two) };
  }

  for (const [type, [one, two]] of Object.entries(heads) as [Two, readonly [string, string]][]) {
    test(type, async () => {
      const both = [...trained];
      const same: [string, number[]][] = [
        [one, first],
        [two, first],
      ];
      expect(await write(await open(type, true, [[one, first]]))).toEqual({ one: both, two: undefined });
      expect(await write(await open(type, true, [[two, first]]))).toEqual({ one: undefined, two: both });
      expect(await write(await open(type, true, same))).toEqual({ one: both, two: undefined });
      expect(await write(await open(type, false, same))).toEqual({ one: both, two: both });
      expect(await write(await open(type, false, [[two, first]]))).toEqual({ one: undefined, two: both });
      const differ = await open(type, false, [
        [one, second],
        [two, first],
      ]);
      expect(await write(differ)).toEqual({ one: second, two: both });
    });
  }
});

const single: readonly Config[] = [
  { ...sizes, model_type: "electra", embedding_size: 4 },
  {
    model_type: "distilbert",
    dim: 4,
    hidden_dim: 6,
    max_position_embeddings: 8,
    n_heads: 2,
    n_layers: 1,
    vocab_size: 5,
  },
];
for (const config of single) {
  for (const tied of [true, false]) {
    const name = String(config["model_type"]);
    test(`${name}, ${tied ? "tied" : "untied"}: the bias has one name, and is written`, async () => {
      const full = { ...config, tie_word_embeddings: tied };
      const checkpoint = await openCheckpoint(
        folder(full, name === "electra" ? { "generator_lm_head.bias": first } : {}),
      );
      const { description } = await loadModel(checkpoint);
      const out = memoryFolder("out");
      await writeCheckpoint(out, checkpoint, new Map(), { tiedAliases: description.tiedAliases });
      expect([...(await openCheckpoint(out)).tensors.keys()].sort()).toEqual(
        [...description.tensors.keys()].sort(),
      );
      await expect(loadModel(await openCheckpoint(out))).resolves.toHaveProperty("weights");
    });
  }
}

test("no architecture has a name that stands for itself: it would be dropped as its own copy", () => {
  const names = architectures.map(({ modelType }) => modelType);
  expect(names.length).toBe(12);
  for (const name of names) {
    for (const tied of [true, false]) {
      for (const [alias, kept] of describeModel({ model_type: name, tie_word_embeddings: tied })
        .tiedAliases) {
        expect(alias, name).not.toBe(kept);
        expect(describeModel({ model_type: name, tie_word_embeddings: tied }).tensors.has(alias), name).toBe(
          false,
        );
      }
    }
  }
});
