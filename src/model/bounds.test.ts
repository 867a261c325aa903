import { describe, expect, test } from "vitest";

import { openCheckpoint, serialiseHeader } from "../checkpoint/index.js";
import { concatBytes, memoryFolder } from "../files.js";
import { ModelError } from "./errors.js";
import { loadModel } from "./load.js";
import { describeModel } from "./registry.js";

/** What a small file can ask for is bounded by what the checkpoint holds, or by a cap that docs/models.md states. */

type Config = Readonly<Record<string, unknown>>;

const bert: Config = {
  model_type: "bert",
  hidden_size: 12,
  intermediate_size: 16,
  max_position_embeddings: 16,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  vocab_size: 20,
};
const llama: Config = {
  model_type: "llama",
  hidden_size: 12,
  intermediate_size: 20,
  num_attention_heads: 6,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  vocab_size: 20,
};
const gpt2: Config = {
  model_type: "gpt2",
  n_embd: 12,
  n_head: 3,
  n_layer: 2,
  n_positions: 16,
  vocab_size: 20,
};
const distilbert: Config = {
  model_type: "distilbert",
  dim: 12,
  hidden_dim: 20,
  max_position_embeddings: 16,
  n_heads: 3,
  n_layers: 2,
  vocab_size: 20,
};
const opt: Config = {
  model_type: "opt",
  ffn_dim: 20,
  hidden_size: 12,
  max_position_embeddings: 16,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  vocab_size: 20,
};

/** The tensors of `from` beside a config with `change`, opened as a checkpoint and loaded. */
async function load(from: Config, change: Config): Promise<unknown> {
  const tensors = [...describeModel(from).tensors].map(([name, shape]) => ({
    name,
    dtype: "F32",
    shape,
    bytes: 4 * shape.reduce((a, b) => a * b, 1),
  }));
  const data = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes, 0));
  const folder = memoryFolder("base", {
    "config.json": new TextEncoder().encode(JSON.stringify({ ...from, ...change })),
    "model.safetensors": concatBytes([serialiseHeader(tensors, new Map()), data]),
  });
  return loadModel(await openCheckpoint(folder));
}

describe("a number that the tensors do not bear out is refused, in few words", () => {
  const huge = [3_000_000, 2_147_483_646];
  const numbers: readonly (readonly [Config, readonly string[]])[] = [
    [
      bert,
      [
        "num_hidden_layers",
        "hidden_size",
        "intermediate_size",
        "vocab_size",
        "num_attention_heads",
        "max_position_embeddings",
        "type_vocab_size",
      ],
    ],
    [distilbert, ["n_layers", "dim", "hidden_dim", "n_heads", "vocab_size", "max_position_embeddings"]],
    [gpt2, ["n_layer", "n_embd", "n_head", "n_inner", "n_positions", "vocab_size"]],
    [opt, ["num_hidden_layers", "hidden_size", "ffn_dim", "max_position_embeddings", "word_embed_proj_dim"]],
    [
      llama,
      [
        "num_hidden_layers",
        "hidden_size",
        "intermediate_size",
        "vocab_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
      ],
    ],
  ];
  for (const [config, fields] of numbers) {
    for (const field of fields) {
      test(`${String(config["model_type"])}: ${field}`, async () => {
        for (const value of huge) {
          const error: unknown = await load(config, { [field]: value }).catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(ModelError);
          expect((error as ModelError).message.length).toBeLessThan(400);
        }
      });
    }
  }

  test("the same config with its own numbers loads", async () => {
    for (const config of [bert, distilbert, gpt2, opt, llama]) {
      await expect(load(config, {})).resolves.toHaveProperty("weights");
    }
  });
});

describe("layers are bounded before a list of them is made", () => {
  const fields: readonly (readonly [Config, string])[] = [
    [bert, "num_hidden_layers"],
    [{ ...bert, model_type: "xlm-roberta", pad_token_id: 1 }, "num_hidden_layers"],
    [{ ...bert, model_type: "electra", embedding_size: 8 }, "num_hidden_layers"],
    [distilbert, "n_layers"],
    [gpt2, "n_layer"],
    [opt, "num_hidden_layers"],
    [llama, "num_hidden_layers"],
    [{ ...llama, model_type: "qwen3" }, "num_hidden_layers"],
  ];
  for (const [config, field] of fields) {
    test(`${String(config["model_type"])}: without tensors by a cap, with them by their number`, () => {
      const by = (layers: number, names?: ReadonlySet<string>) => () =>
        describeModel({ ...config, [field]: layers }, names);
      const few = new Set(["a", "b"]);
      expect(by(3_000_000)).toThrow(`config.json: ${field} is 3000000. Expected at most 4096.`);
      expect(by(4097, new Set(Array.from({ length: 5000 }, (_, at) => `t${at}`)))).toThrow("at most 4096");
      expect(by(200, few)).toThrow(
        `config.json: ${field} is 200. Expected no more than the checkpoint's tensors`,
      );
      expect(by(64, few)().blocks.length).toBe(64);
      expect(by(200)().blocks.length).toBe(200);
    });
  }
});

test("the rotary table of one head is bounded, wherever its size comes from", () => {
  for (const change of [
    { head_dim: 2_000_000_000 },
    { head_dim: 65_538 },
    { hidden_size: 1_200_000_000, num_attention_heads: 6 },
    { hidden_size: 131_074, num_attention_heads: 1, num_key_value_heads: 1 },
  ]) {
    expect(() => describeModel({ ...llama, ...change })).toThrow("heads of at most 65536 dimensions");
  }
  expect(describeModel({ ...llama, head_dim: 65_536 }).hiddenSize).toBe(12);
});

describe("messages are cut", () => {
  const long = "x".repeat(20_000);
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level += 1) deep = [deep];
  const changes: readonly Config[] = [
    { model_type: long },
    { model_type: deep },
    { hidden_act: long },
    { hidden_act: deep },
    { pruned_heads: deep },
    { [long]: 1 },
    { alibi: { slopes: Array.from({ length: 5000 }, (_, at) => at) } },
    { vocab_size: long },
    { tie_word_embeddings: deep },
  ];
  for (const change of changes) {
    test(Object.keys(change).join().slice(0, 30), () => {
      const error = ((): unknown => {
        try {
          return describeModel({ ...bert, ...change });
        } catch (reason) {
          return reason;
        }
      })();
      expect(error).toBeInstanceOf(ModelError);
      expect((error as ModelError).message.length).toBeLessThan(500);
    });
  }
});
