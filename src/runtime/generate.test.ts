import { readFileSync } from "node:fs";

import { goldenDecoders } from "../../test/support/golden-models.js";
import { describe, expect, test } from "vitest";

import { hasShared, sharedPath } from "../../test/support/shared.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { type LoadedModel, loadModel } from "../model/load.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import { nodeFolderReader, nodeRuntime } from "../node/index.js";
import { indexOfLargest } from "../tasks/index.js";
import { decodeGreedily } from "./generate.js";
import { tokenLogLikelihoods } from "./likelihood.js";
import { type Activations, StageRunner, weightSource } from "./stage-runner.js";

interface DecoderGolden {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly greedy: { readonly prompt: readonly number[]; readonly next: readonly number[] };
  readonly sequence_log_likelihood: readonly number[];
}

const runner = new StageRunner(nodeRuntime());

async function open(name: string): Promise<{ model: LoadedModel; golden: DecoderGolden; end: number }> {
  const folder = sharedPath(`golden/models/${name}`);
  const checkpoint = await openCheckpoint(nodeFolderReader(folder));
  const model = await loadModel(checkpoint);
  await checkpoint.close();
  const golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as DecoderGolden;
  return { model, golden, end: checkpoint.config["eos_token_id"] as number };
}

async function logLikelihoods(
  { description, weights }: LoadedModel,
  texts: readonly Int32Array[],
): Promise<readonly number[]> {
  const records = texts.map((inputIds): TokenRecord => ({
    inputIds,
    tokenTypeIds: new Int32Array(inputIds.length),
    maskPosition: 0,
    readPositions: Array.from({ length: inputIds.length - 1 }, (_, position) => position),
  }));
  const longest = Math.max(...texts.map(({ length }) => length));
  let activations: Activations = batchActivations(description, records, longest);
  for (const stage of description.stages({ kind: "token-logits" })) {
    activations = await runner.run(stage, weightSource(description, weights), activations);
  }
  const targets = texts.flatMap((ids) => [...ids.slice(1)]);
  expect(activations["logits"]!.dims).toEqual([targets.length, description.vocabularySize]);
  const each = tokenLogLikelihoods(activations["logits"]!, targets);
  let at = 0;
  return texts.map(({ length }) => {
    at += length - 1;
    return each.slice(at - length + 1, at).reduce((sum, value) => sum + value, 0);
  });
}

describe("decoders answer as the references do", () => {
  for (const name of goldenDecoders) {
    test.skipIf(!hasShared(`golden/models/${name}`))(
      `${name} (needs ../shared/golden/models/${name})`,
      async () => {
        const { model, golden, end } = await open(name);
        const texts = golden.input_ids.map((ids, index) =>
          Int32Array.from(
            ids.slice(
              0,
              golden.attention_mask[index]!.reduce((sum, bit) => sum + bit, 0),
            ),
          ),
        );
        const likelihoods = await logLikelihoods(model, texts);
        likelihoods.forEach((value, index) => {
          expect(value).toBeCloseTo(golden.sequence_log_likelihood[index]!, 3);
        });
        const { prompt, next } = golden.greedy;
        // Among others of other lengths, so that the padding of the cache is of consequence.
        const prompts = [texts[0]!.slice(0, 3), Int32Array.from(prompt), texts[0]!.slice(0, 12)];
        const [, answer] = await decodeGreedily({
          description: model.description,
          runner,
          weights: weightSource(model.description, model.weights),
          prompts,
          newTokens: next.length,
          // The references were made so that the end token is never chosen.
          endTokens: new Set([end]),
          minimumTokens: next.length,
        });
        expect(answer).toEqual(next);
      },
    );
  }
});

async function withoutCache({ description, weights }: LoadedModel, prompt: Int32Array): Promise<number> {
  const record = { inputIds: prompt, tokenTypeIds: prompt, maskPosition: prompt.length - 1 };
  let activations: Activations = batchActivations(description, [record], prompt.length);
  for (const stage of description.stages({ kind: "token-logits" })) {
    activations = await runner.run(stage, weightSource(description, weights), activations);
  }
  return indexOfLargest(activations["logits"]!.data);
}

test.skipIf(!hasShared("golden/models/qwen3-gqa"))(
  "the cache changes no token, an end token ends a text and is not part of it (needs ../shared/golden/models)",
  async () => {
    for (const name of ["qwen3-gqa", "opt-post-norm-proj", "gpt2"]) {
      const { model } = await open(name);
      const prompts = [[5], [17, 23, 4, 99, 8, 3], [40, 41, 42]].map((ids) => Int32Array.from(ids));
      const options = {
        description: model.description,
        runner,
        weights: weightSource(model.description, model.weights),
        prompts,
        newTokens: 10,
      };
      const answers = await decodeGreedily(options);
      for (const [index, prompt] of prompts.entries()) {
        const text = [...prompt];
        for (const token of answers[index]!) {
          expect(await withoutCache(model, Int32Array.from(text))).toBe(token);
          text.push(token);
        }
        expect(text.length).toBe(prompt.length + 10);
      }
      const end = answers[1]![4]!;
      const ended = await decodeGreedily({ ...options, endTokens: new Set([end]) });
      ended.forEach((answer, index) => {
        const whole = answers[index]!;
        expect(answer).toEqual(whole.includes(end) ? whole.slice(0, whole.indexOf(end)) : whole);
      });
    }
  },
);

test.skipIf(!hasShared("golden/models/gpt2"))(
  "what does not fit, and a model that sees both sides, is refused (needs ../shared/golden/models)",
  async () => {
    const prompts = [Int32Array.of(1, 2, 3, 4)];
    const decode = async (name: string, newTokens: number) => {
      const { description, weights } = (await open(name)).model;
      const source = weightSource(description, weights);
      return decodeGreedily({ description, runner, weights: source, prompts, newTokens });
    };
    await expect(decode("gpt2", 61)).rejects.toMatchObject({ code: "too-many-tokens", value: 65 });
    expect((await decode("gpt2", 60))[0]!.length).toBe(60);
    await expect(decode("bert", 1)).rejects.toMatchObject({ code: "unknown-objective" });
  },
);

test("log-likelihoods are finite for large logits and are those of the softmax", () => {
  const logits = { data: Float32Array.of(3e38, 0, 0, 1, 2, 3), dims: [2, 3] };
  const [first, second] = tokenLogLikelihoods(logits, [0, 1]);
  expect(first).toBe(0);
  expect(second).toBeCloseTo(2 - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)), 12);
});
