import * as z from "zod";

import { byMethod, methods } from "./method-defaults.js";
import { maskSchema } from "./plan.js";

const directions = z.number().int().min(1).max(4096);

/** What `dp-zopo` keeps of the selected weights. */
const maskOptions = {
  maskScore: maskSchema.shape.score
    .optional()
    .describe("score that ranks the weights; none reads data (default: small-magnitude)"),
  maskRatio: z
    .array(z.number().positive().max(1))
    .min(1)
    .optional()
    .describe("share of the weights that is kept, once or once a stage (default: 0.01)"),
  maskStrategy: maskSchema.shape.strategy
    .optional()
    .describe("how a stage's mask follows from earlier stages (default: static)"),
  maskGranularity: maskSchema.shape.granularity
    .optional()
    .describe("unit that a mask keeps or drops as a whole (default: weight)"),
  maskFloor: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("share of its part that every tensor keeps at least (default: 0.1)"),
  maskRankWeights: z
    .boolean()
    .optional()
    .describe("weight directions by rank, from 1.2 for the best kept weight to 0.8 for the last"),
  maskQueries: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("random directions for the two estimated scores (default: 32)"),
};

/** Weights that are put beside the model's own. */
const adapterOptions = {
  adapter: z
    .enum(["lora", "prefix"])
    .optional()
    .describe(
      "train low-rank matrices (written merged and as a PEFT folder) or a prefix of virtual tokens instead of the " +
        "model's own weights",
    ),
  prefixLength: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("prefix: number of virtual tokens (default: 8)"),
  loraRank: z.number().int().min(1).max(4096).optional().describe("lora: rank of an adapter (default: 8)"),
  loraAlpha: z
    .number()
    .positive()
    .optional()
    .describe("lora: an adapter's output is scaled by alpha / rank (default: 16)"),
  loraModules: z
    .string()
    .min(1)
    .optional()
    .describe(
      "lora: layers of a block that get an adapter (default: query,value, or joint where the model has one for both)",
    ),
};

/** One value a stage, over what the method would give it. */
const stageOptions = {
  stageSteps: z
    .array(z.number().int().min(1))
    .min(1)
    .optional()
    .describe("steps, once a stage; replaces --steps and its doubling lengths"),
  stageLearningRate: z
    .array(z.number().positive())
    .min(1)
    .optional()
    .describe("learning rate, once a stage; replaces halving"),
  stageSmoothing: z.array(z.number().positive()).min(1).optional().describe("ZO scale, once a stage"),
  stageDirections: z.array(directions).min(1).optional().describe("directions, once a stage"),
  stageClip: z.array(z.number().positive()).min(1).optional().describe("clip, once a stage"),
  stageBatch: z.array(z.number().positive()).min(1).optional().describe("expected batch, once a stage"),
};

/**
 * What a person decides about a run: the keys of a `--config` file and, in kebab-case, the flags of
 * `dpzo train`. Defaults are the settings of `docs/experiments/` that did best on dev sets.
 */
export const trainConfigSchema = z.strictObject({
  method: z.enum(methods).default("dp-zoso").describe("training method; mezo is not private"),
  epsilon: z
    .number()
    .positive()
    .optional()
    .describe("privacy budget of the whole run (required, except for mezo)"),
  delta: z
    .number()
    .min(0)
    .lt(1)
    .default(1e-5)
    .describe("delta of the guarantee; must be below 1 / records (1 / units); 0 only with Laplace noise"),
  steps: z.number().int().min(1).max(10_000_000).default(700).describe("noised updates in the whole run (T)"),
  batch: z
    .number()
    .positive()
    .default(256)
    .describe("expected number of records (with --unit, of units) in a step (B)"),
  directions: directions
    .optional()
    .describe(`directions a step, under one clip (K; default: ${byMethod("directions")})`),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe(`learning rate of the first stage (alpha; default: ${byMethod("learningRate")})`),
  clip: z
    .number()
    .positive()
    .optional()
    .describe(`bound on the norm of a record's K differences (c; default: ${byMethod("clip")})`),
  clipQuantile: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      "let the clip follow this quantile of the norms, starting from --clip; adds one noised number a step",
    ),
  clipRate: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("with --clip-quantile: how fast the clip follows, per step (default: 0.2)"),
  clipMode: z
    .enum(["vector", "per-scalar"])
    .default("vector")
    .describe("one clip for all K differences of a record, or one for each at sqrt(K) times the noise"),
  noise: z
    .enum(["gaussian", "laplace"])
    .optional()
    .describe("noise on each release (default: laplace for dp-zo, otherwise gaussian)"),
  smoothing: z.number().positive().default(1e-2).describe("ZO scale of the first stage (phi)"),
  smoothingEnd: z
    .number()
    .positive()
    .optional()
    .describe("ZO scale of the last stage (default: that of the first)"),
  smoothingUnit: z
    .enum(["weight", "displacement"])
    .default("weight")
    .describe(
      "displacement: the ZO scale is the length r of a perturbation, and phi = r / sqrt(weights that move)",
    ),
  estimator: z
    .enum(["two-sided", "one-sided"])
    .default("two-sided")
    .describe(
      "evaluate losses on both sides of each direction (2 K), or on one side and at the weights (K + 1)",
    ),
  stages: z
    .number()
    .int()
    .min(1)
    .max(20)
    .optional()
    .describe(
      `stages; each has half the learning rate and twice the steps of the one before (default: ${byMethod("stages")})`,
    ),
  proximal: z
    .number()
    .min(0)
    .default(0)
    .describe("strength of the pull towards the weights at the start of a stage (lambda)"),
  train: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "weights to train: head, last:N, blocks, all, biases, norms, bias-and-norm, adapter, adapter:last:N or tensor " +
        "names with *, separated by commas; once or once a stage (default: head, or adapter with --adapter)",
    ),
  ...adapterOptions,
  ...maskOptions,
  ...stageOptions,
  shrinkage: z
    .enum(["none", "james-stein", "sage"])
    .default("none")
    .describe("shrink noisy releases before they move the weights, at no cost in privacy"),
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
      "seed of the public directions, never of noise or sampling (default: drawn from the operating system)",
    ),
  unit: z
    .string()
    .min(1)
    .optional()
    .describe(
      "column that says whose record it is: records with the same value are sampled, clipped and protected as one " +
        "(default: each record by itself)",
    ),
  publicSize: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      "number of records (with --unit, of units) as a public figure (default: counted from the file; the count " +
        "becomes public)",
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
      'prompt, such as "{text} It was {mask}."; {pair} is the second text, {column} any other; decoders end with {mask}',
    )
    .meta({ instead: "--task" }),
  labelWords: z
    .string()
    .optional()
    .describe(
      'one token for each label: "terrible,great" for labels 0 and 1, or "ham=work,spam=advertising"',
    ),
  options: z
    .string()
    .optional()
    .describe('decoders: texts to choose among, of any length, as "{choice1}|{choice2}" or "no|yes"'),
  answers: z.string().optional().describe("decoders: column of the right answers; the model writes its own"),
  answerTokens: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("longest written answer, in tokens (default: 32)"),
  maximumTokens: z
    .number()
    .int()
    .min(4)
    .default(64)
    .describe("longest prompt and answer together, in tokens; texts are cut, the template never"),
});

/** @see taskConfigSchema */
export type TaskConfig = z.infer<typeof taskConfigSchema>;
