import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { makePlan } from "../plan/make-plan.js";
import { settingsPresets } from "../plan/presets.js";
import { trainConfigSchema } from "../plan/config.js";
import { describeModel } from "../model/registry.js";
import { namedTasks } from "../tasks/index.js";
import { repositoryPath } from "../../test/support/shared.js";
import { trainSettingsSchema } from "./commands/train.js";
import { resolveNamedSettings } from "./named-settings.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-named-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const model = repositoryPath("models/minilm-mlm");
const flags = { model, data: "d.jsonl", out: "o", epsilon: 4 };

test("a task's name stands for columns, template and label words", () => {
  const settings = resolveNamedSettings(trainSettingsSchema, { ...flags, task: "snli" });
  expect(settings).toMatchObject({ ...namedTasks["snli"], pair: "text_pair" });
});

test("flags override the file, the file overrides names, and names override the schema's defaults", () => {
  const config = join(folder, "config.yaml");
  writeFileSync(config, "task: trec\npreset: encoder-20m\nsteps: 9\nlabel: kind\n");
  const settings = resolveNamedSettings(trainSettingsSchema, {
    ...flags,
    config,
    label: "class",
    clip: 3,
  });
  const { template, labelWords } = namedTasks["trec"] ?? {};
  expect(settings).toMatchObject({
    template,
    labelWords,
    label: "class",
    steps: 9,
    clip: 3,
    learningRate: 0.1,
  });
});

test("without a name, template is asked for and --task is named; an unknown name is refused", () => {
  expect(() => resolveNamedSettings(trainSettingsSchema, flags)).toThrow(/--template.*--task NAME/su);
  expect(() => resolveNamedSettings(trainSettingsSchema, { ...flags, task: "sst3" })).toThrow(/sst3/u);
});

test("every preset is a plan that can be made", () => {
  const tensors = {
    model_type: "bert",
    architectures: ["BertForMaskedLM"],
    hidden_size: 384,
    num_hidden_layers: 6,
  };
  const sizes = {
    num_attention_heads: 12,
    intermediate_size: 1536,
    vocab_size: 30522,
    max_position_embeddings: 512,
  };
  const rest = { type_vocab_size: 2, hidden_act: "gelu", layer_norm_eps: 1e-12, pad_token_id: 0 };
  const encoder = describeModel({ ...tensors, ...sizes, ...rest });
  const decoder = describeModel({
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    hidden_size: 576,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    intermediate_size: 1536,
    vocab_size: 49152,
    max_position_embeddings: 8192,
    hidden_act: "silu",
    rms_norm_eps: 1e-5,
    rope_theta: 100_000,
    tie_word_embeddings: true,
  });
  for (const [name, { settings }] of Object.entries(settingsPresets)) {
    const description = name.startsWith("encoder") ? encoder : decoder;
    const config = trainConfigSchema.parse({ ...settings, epsilon: 1000 });
    const task = { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 64 };
    const random = (bytes: Uint8Array): void => void bytes.fill(1);
    const inputs = { config, description, baseDigest: "0".repeat(64), task, publicSize: 8000, random };
    expect(makePlan(inputs).method, name).toBe(settings.method);
  }
});
