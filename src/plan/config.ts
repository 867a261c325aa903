import * as z from "zod";

import { byMethod, methods } from "./method-defaults.js";
import { maskSchema } from "./plan.js";

const directions = z.number().int().min(1).max(4096);

/** What `dp-zopo` keeps of the selected weights. */
const maskOptions = {
  maskScore: maskSchema.shape.score
    .optional()
    .describe("dp-zopo: what weights are ranked by, all without data; default small-magnitude"),
  maskRatio: z
    .array(z.number().positive().max(1))
    .min(1)
    .optional()
    .describe("dp-zopo: share of the weights that is kept, one for all stages or one a stage; default 0.01"),
  maskStrategy: maskSchema.shape.strategy
    .optional()
    .describe("dp-zopo: how a stage's mask follows from the stages before; default static"),
  maskGranularity: maskSchema.shape.granularity
    .optional()
    .describe("dp-zopo: what is kept or left as one; default weight"),
  maskFloor: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("dp-zopo: least share of its part that every tensor keeps; default 0.1"),
  maskRankWeights: z
    .boolean()
    .optional()
    .describe("dp-zopo: directions weighted from 1.2 at the best kept weight to 0.8 at the last"),
  maskQueries: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("dp-zopo: random directions of the two estimated scores; default 32"),
};

/** Weights that are put beside the model's own. */
const adapterOptions = {
  adapter: z
    .enum(["lora", "prefix"])
    .optional()
    .describe(
      "train low-rank adapters, written merged and as a PEFT folder, or a prefix of virtual tokens, instead of the " +
        "model's own weights",
    ),
  prefixLength: z.number().int().min(1).max(4096).optional().describe("prefix: virtual tokens; default 8"),
  loraRank: z.number().int().min(1).max(4096).optional().describe("lora: rank of an adapter; default 8"),
  loraAlpha: z
    .number()
    .positive()
    .optional()
    .describe("lora: an adapter's output is multiplied by alpha / rank; default 16"),
  loraModules: z
    .string()
    .min(1)
    .optional()
    .describe(
      "lora: linear layers of a block that get one; default query,value, or joint where they are one",
    ),
};

/** One value a stage, over what the method would give it. */
const stageOptions = {
  stageSteps: z
    .array(z.number().int().min(1))
    .min(1)
    .optional()
    .describe("steps, one a stage, instead of doubling lengths that add up to --steps"),
  stageLearningRate: z
    .array(z.number().positive())
    .min(1)
    .optional()
    .describe("learning rate, one a stage, instead of halving"),
  stageSmoothing: z.array(z.number().positive()).min(1).optional().describe("ZO scale, one a stage"),
  stageDirections: z.array(directions).min(1).optional().describe("directions, one a stage"),
  stageClip: z.array(z.number().positive()).min(1).optional().describe("clip, one a stage"),
  stageBatch: z.array(z.number().positive()).min(1).optional().describe("expected batch, one a stage"),
};

/**
 * What a person decides about a run: the keys of a `--config` file and, in kebab-case, the flags of
 * `dpzo train`. Defaults are the settings of `docs/experiments/` that did best on dev sets.
 */
export const trainConfigSchema = z.strictObject({
  method: z
    .enum(methods)
    .default("dp-zoso")
    .describe("training method; mezo gives no privacy and states no epsilon"),
  epsilon: z
    .number()
    .positive()
    .optional()
    .describe("privacy budget epsilon that the whole run may spend (required, but for mezo)"),
  delta: z
    .number()
    .min(0)
    .lt(1)
    .default(1e-5)
    .describe("delta of the guarantee; must stay below 1 / records (1 / units); 0 with Laplace noise only"),
  steps: z.number().int().min(1).max(10_000_000).default(700).describe("noised updates of the whole run (T)"),
  batch: z
    .number()
    .positive()
    .default(256)
    .describe("expected batch: mean number of records, or with --unit of units, a step (B)"),
  directions: directions
    .optional()
    .describe(`directions a step under one clip (K); default ${byMethod("directions")}`),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe(`learning rate of the first stage (alpha); default ${byMethod("learningRate")}`),
  clip: z
    .number()
    .positive()
    .optional()
    .describe(`bound on the norm of a record's K differences (c); default ${byMethod("clip")}`),
  clipQuantile: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      "let the clip follow this quantile of the norms, by one more noised number a step; --clip is where it starts",
    ),
  clipRate: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("with --clip-quantile: how fast the clip follows, per step; default 0.2"),
  clipMode: z
    .enum(["vector", "per-scalar"])
    .default("vector")
    .describe("one clip for a record's K differences, or one for each at sqrt(K) times the noise"),
  noise: z
    .enum(["gaussian", "laplace"])
    .optional()
    .describe("noise of the releases; default laplace for dp-zo, else gaussian"),
  smoothing: z.number().positive().default(1e-2).describe("ZO scale of the first stage (phi)"),
  smoothingEnd: z.number().positive().optional().describe("ZO scale of the last stage; default the first's"),
  smoothingUnit: z
    .enum(["weight", "displacement"])
    .default("weight")
    .describe(
      "displacement: the ZO scale is a perturbation's length r, and phi = r / sqrt(weights that move)",
    ),
  estimator: z
    .enum(["two-sided", "one-sided"])
    .default("two-sided")
    .describe(
      "losses on both sides of each direction (2 K), or on one and at the weights themselves (K + 1)",
    ),
  stages: z
    .number()
    .int()
    .min(1)
    .max(20)
    .optional()
    .describe(`stages; each halves the learning rate and doubles in length; default ${byMethod("stages")}`),
  proximal: z.number().min(0).default(0).describe("pull to the weights at the start of a stage (lambda)"),
  train: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "what is trained: head, last:N, blocks, all, biases, norms, bias-and-norm, adapter, adapter:last:N, tensor " +
        "names with *, commas between; one for all stages or one a stage; default head, or adapter where there is one",
    ),
  ...adapterOptions,
  ...maskOptions,
  ...stageOptions,
  shrinkage: z
    .enum(["none", "james-stein", "sage"])
    .default("none")
    .describe("public post-processing that shrinks noisy releases before they move the weights"),
  distribution: z
    .enum(["gaussian", "rademacher", "sphere"])
    .default("gaussian")
    .describe("distribution of the directions"),
  seed: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe(
      "seed of the directions, which are public; never of noise or sampling. Default: drawn from the system",
    ),
  unit: z
    .string()
    .min(1)
    .optional()
    .describe(
      "column of the privacy unit, as a user's name: all records with one value of it are sampled, clipped and protected " +
        "as one, by their mean loss; default: each record is its own unit",
    ),
  publicSize: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      "the number of records, or with --unit of units, as a public figure; default: those of the file are counted, and " +
        "the count becomes public",
    ),
});

/** A validated configuration with all defaults in place. */
export type TrainConfig = z.infer<typeof trainConfigSchema>;
/** What a person has to write: everything with a default may be left out. */
export type TrainConfigInput = z.input<typeof trainConfigSchema>;

/** What a task is made of: the prompt and what the model may answer. */
export const taskConfigSchema = z.strictObject({
  template: z
    .string()
    .describe(
      'prompt with slots, as "{text} It was {mask}." ({pair} for a second text, {column} for any other); a decoder\'s ends with {mask}',
    ),
  labelWords: z
    .string()
    .optional()
    .describe('label words, each one token: "terrible,great" for labels 0, 1 or "ham=work,spam=advertising"'),
  options: z
    .string()
    .optional()
    .describe('decoders, instead of label words: texts of any length, "{choice1}|{choice2}" or "no|yes"'),
  answers: z
    .string()
    .optional()
    .describe("decoders, instead of label words: column of the right answers; the model writes its own"),
  answerTokens: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("most tokens of a written answer; default 32"),
  maximumTokens: z
    .number()
    .int()
    .min(4)
    .default(64)
    .describe("longest prompt in tokens, with what follows it; text is cut, never the prompt"),
});

/** @see taskConfigSchema */
export type TaskConfig = z.infer<typeof taskConfigSchema>;
