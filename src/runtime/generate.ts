import {
  batchActivations,
  type Decoding,
  type ModelDescription,
  ModelError,
  type ModelStage,
} from "../model/index.js";
import { RuntimeError } from "./errors.js";
import type { Tensor } from "./runtime.js";
import type { Activations, StageRunner, WeightSource } from "./stage-runner.js";

/** What greedy decoding works on. */
export interface GreedyOptions {
  readonly description: ModelDescription;
  readonly runner: StageRunner;
  readonly weights: WeightSource;
  /** Token ids of the prompts, special tokens included; lengths may differ. */
  readonly prompts: readonly Int32Array[];
  /** Most tokens to add to a prompt. */
  readonly newTokens: number;
  /** Tokens after which a text ends; the token itself is not part of the answer. */
  readonly endTokens?: ReadonlySet<number>;
  /** End tokens are not chosen before this many; 0 if absent. */
  readonly minimumTokens?: number;
}

/**
 * Continues each prompt with the likeliest token, again and again, keeping keys and values of what was read.
 *
 * Guarantees: as many tokens as `newTokens`, fewer where an end token came first; of equal logits the lowest id;
 * the answers of running the whole text again for every token, up to rounding.
 * For public prompts: how long it takes depends on what is generated.
 *
 * @throws {ModelError} `unknown-objective` for a model that is no decoder; `too-many-tokens` if the longest prompt
 *   and `newTokens` together are more than the model takes.
 * @example
 * const source = weightSource(description, weights);
 * const [answer] = await decodeGreedily({ description, runner, weights: source, prompts: [ids], newTokens: 16 });
 */
export async function decodeGreedily(options: GreedyOptions): Promise<readonly (readonly number[])[]> {
  const { description, prompts, newTokens, endTokens = new Set(), minimumTokens = 0 } = options;
  const { decoding } = description;
  if (decoding === undefined) throw notDecoder(description);
  const walk = new CachedWalk(options, decoding);
  const answers = prompts.map((): number[] => []);
  const open = new Set(answers.keys());
  let tokens: Int32Array | undefined;
  for (let step = 0; step < newTokens && open.size > 0; step += 1) {
    const logits = tokens === undefined ? await walk.prompts() : await walk.step(tokens);
    tokens = likeliest(logits, step < minimumTokens ? endTokens : new Set());
    tokens.forEach((token, record) => {
      if (!open.has(record)) return;
      if (endTokens.has(token)) open.delete(record);
      else answers[record]?.push(token);
    });
  }
  return answers;
}

/** The stages with each block's keys and values kept between calls. */
class CachedWalk {
  readonly #options: GreedyOptions;
  readonly #decoding: Decoding;
  readonly #stages: readonly ModelStage[];
  readonly #cache = new Map<string, { readonly key: Tensor; readonly value: Tensor }>();
  readonly #lengths: Int32Array;
  /** Padded length of the prompts, and tokens added since. */
  readonly #prompt: number;
  #added = 0;

  constructor(options: GreedyOptions, decoding: Decoding) {
    this.#options = options;
    this.#decoding = decoding;
    this.#stages = options.description.stages({ kind: "next-token" });
    this.#lengths = Int32Array.from(options.prompts, ({ length }) => length);
    this.#prompt = Math.max(0, ...this.#lengths);
    refuseTooLong(options.description, this.#prompt + options.newTokens);
  }

  /** Reads the prompts; logits of the token after each. */
  prompts(): Promise<Tensor> {
    const { description, prompts } = this.#options;
    const records = prompts.map((inputIds) => ({
      inputIds,
      tokenTypeIds: new Int32Array(inputIds.length),
      maskPosition: inputIds.length - 1,
    }));
    return this.#run(batchActivations(description, records, this.#prompt));
  }

  /** Reads one more token of every text; logits of the token after it. */
  step(tokens: Int32Array): Promise<Tensor> {
    const records = tokens.length;
    const inputs = this.#decoding.stepInputs({
      records,
      positions: 1,
      past: this.#prompt + this.#added,
      starts: this.#lengths.map((length) => length + this.#added),
      lengths: this.#lengths,
      prompt: this.#prompt,
    });
    this.#added += 1;
    return this.#run({
      input_ids: { data: tokens, dims: [records, 1] },
      rows: { data: Int32Array.from({ length: records }, (_, row) => row), dims: [records] },
      ...inputs,
    });
  }

  async #run(start: Activations): Promise<Tensor> {
    const { runner, weights } = this.#options;
    let activations = start;
    for (const stage of this.#stages) {
      activations = await runner.run(stage, weights, { ...activations, ...this.#past(stage.name) });
      this.#keep(stage.name, activations);
    }
    const { logits } = activations;
    if (logits !== undefined) return logits;
    throw new RuntimeError("runtime-failed", { message: "The last stage gave no logits.", value: "logits" });
  }

  #past(stage: string): Activations {
    const { keyValueHeads, headSize } = this.#decoding;
    const dims = [this.#lengths.length, keyValueHeads, 0, headSize];
    const empty = { data: new Float32Array(0), dims };
    const { key, value } = this.#cache.get(stage) ?? { key: empty, value: empty };
    return { past_key: key, past_value: value };
  }

  #keep(stage: string, { present_key: key, present_value: value }: Activations): void {
    if (key !== undefined && value !== undefined) this.#cache.set(stage, { key, value });
  }
}

/** The column of each row's largest value outside `barred`, the first of equals. */
function likeliest({ data, dims }: Tensor, barred: ReadonlySet<number>): Int32Array {
  const [rows = 0, width = 0] = dims;
  return Int32Array.from({ length: rows }, (_, row) => {
    let [best, largest] = [0, -Infinity];
    for (let column = 0; column < width; column += 1) {
      const value = data[row * width + column] ?? Number.NaN;
      if (value > largest && !barred.has(column)) [best, largest] = [column, value];
    }
    return best;
  });
}

function notDecoder({ architecture }: ModelDescription): ModelError {
  return new ModelError("unknown-objective", {
    message: `A ${architecture} model does not generate text.`,
    value: architecture,
    expected: "a decoder",
  });
}

function refuseTooLong({ architecture, maximumTokens }: ModelDescription, tokens: number): void {
  if (tokens <= maximumTokens) return;
  throw new ModelError("too-many-tokens", {
    message: `The longest prompt and the new tokens are ${tokens} tokens, more than this ${architecture} model takes.`,
    value: tokens,
    expected: `at most ${maximumTokens} together`,
    next: "Cut the prompts or ask for fewer new tokens.",
  });
}
