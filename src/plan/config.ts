import { z } from "zod";

/**
 * What a person decides about a run: the keys of a `--config` file and, in kebab-case, the flags of
 * `dpzo train`. Defaults are the settings of `docs/experiments/` that did best on dev sets.
 */
export const trainConfigSchema = z.strictObject({
  method: z.enum(["dp-zoso"]).default("dp-zoso").describe("training method"),
  epsilon: z.number().positive().describe("privacy budget epsilon that the whole run may spend"),
  delta: z
    .number()
    .positive()
    .lt(1)
    .default(1e-5)
    .describe("delta of the guarantee; must stay below 1 / records"),
  steps: z.number().int().min(1).max(10_000_000).default(700).describe("noised updates of the whole run (T)"),
  batch: z.number().positive().default(256).describe("expected batch: mean number of records a step (B)"),
  directions: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(64)
    .describe("directions a step under one vector clip (K)"),
  learningRate: z.number().positive().default(0.15).describe("learning rate of the first stage (alpha)"),
  clip: z.number().positive().default(40).describe("bound on the norm of a record's K differences (c)"),
  smoothing: z.number().positive().default(1e-2).describe("ZO scale of the first stage (phi)"),
  smoothingEnd: z.number().positive().optional().describe("ZO scale of the last stage; default the first's"),
  stages: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe("stages; each halves the learning rate and doubles in length"),
  proximal: z.number().min(0).default(0).describe("pull to the weights at the start of a stage (lambda)"),
  train: z
    .array(z.string().min(1))
    .min(1)
    .default(["head"])
    .describe(
      "what is trained: head, last:N, blocks, all, tensor names with *; one for all stages or one a stage",
    ),
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
  publicSize: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      "the number of records as a public figure; default: the rows of the file are counted, and the count becomes public",
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
    .describe('prompt with slots, as "{text} It was {mask}." (and {pair} for a second text)'),
  labelWords: z
    .string()
    .describe('label words, each one token: "terrible,great" for labels 0, 1 or "ham=work,spam=advertising"'),
  maximumTokens: z
    .number()
    .int()
    .min(4)
    .default(64)
    .describe("longest prompt in tokens; text is cut, never the prompt"),
});

/** @see taskConfigSchema */
export type TaskConfig = z.infer<typeof taskConfigSchema>;
