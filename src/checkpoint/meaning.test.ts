import { expect, test } from "vitest";

import { memoryFolder } from "../files.js";
import { tinyModel } from "../../test/support/tiny-model.js";
import { checkMeaning, openCheckpoint, writeCheckpoint } from "./index.js";

const empty = new TextEncoder().encode("{}");

async function withFiles(...names: string[]) {
  const folder = tinyModel();
  for (const name of names) folder.files.set(name, empty);
  return openCheckpoint(folder);
}

const refused = [
  ["adapter_config.json", "adapter-in-folder"],
  ["quantize_config.json", "quantised-weights"],
  ["quant_config.json", "quantised-weights"],
  ["hf_quant_config.json", "quantised-weights"],
] as const;
for (const [name, code] of refused) {
  test(`${name} beside the weights is refused: ${code}`, async () => {
    await expect(checkMeaning(await withFiles(name))).rejects.toMatchObject({ code, value: name });
  });
}

test("what does not change the weights' meaning passes, and sentence-transformers is remarked on", async () => {
  const harmless = ["generation_config.json", "chat_template.jinja", "preprocessor_config.json", "vocab.txt"];
  expect(await checkMeaning(await withFiles(...harmless, "adapter_model.safetensors"))).toEqual([]);
  const remarks = await checkMeaning(await withFiles("modules.json"));
  expect(remarks.join()).toMatch(/sentence-transformers/u);
});

test("a copy leaves behind what could not be opened without the rest, and keeps what is harmless", async () => {
  const left = [
    ...[
      "adapter",
      "adapter_config.json",
      "adapter_model.safetensors",
      "modules.json",
      "hf_quant_config.json",
    ],
    ...["config_sentence_transformers.json", "sentence_bert_config.json", "quantize_config.json"],
  ];
  const kept = ["generation_config.json", "chat_template.jinja", "vocab.txt"];
  const out = memoryFolder("out");
  await writeCheckpoint(out, await withFiles(...left, ...kept), new Map());
  const names = await out.list();
  expect(names.filter((name) => left.includes(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(kept));
});
