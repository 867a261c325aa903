import { z } from "zod";

/**
 * The plan: every public number of a private run, made once, from which sampler, clip, noise and accountant
 * are all derived. It stands in the ledger's first line; nothing in it depends on a record's content.
 */

/** N: the clip threshold in lattice units. A power of two, so that one unit is exact in binary. */
export const latticeSensitivity = 2 ** 20;

const finite = z.number().refine(Number.isFinite, "must be finite");
const positive = finite.refine((value) => value > 0, "must be above 0");
const count = z.number().int().min(1).max(0xffffffff);

const stageSchema = z.strictObject({
  steps: count,
  learningRate: positive,
  smoothing: positive,
  directions: count.max(4096),
  clipThreshold: positive,
  proximal: finite.refine((value) => value >= 0, "must not be negative"),
  train: z.string().min(1),
  tensors: z.array(z.string()).min(1),
});

export const planSchema = z.strictObject({
  format: z.literal("dpzo-plan/1"),
  method: z.enum(["dp-zoso"]),
  base: z.strictObject({ architecture: z.string(), digest: z.string().regex(/^[0-9a-f]{64}$/u) }),
  task: z.strictObject({
    template: z.string(),
    labels: z.array(z.string()).min(2),
    labelWords: z.array(z.string()).min(2),
    maximumTokens: count,
  }),
  privacy: z.strictObject({
    unit: z.literal("record"),
    neighbouring: z.literal("add-or-remove-one"),
    publicSize: count,
    targetEpsilon: positive,
    delta: positive.refine((value) => value < 1, "must be below 1"),
    epsilon: positive,
  }),
  sampling: z.strictObject({
    kind: z.literal("poisson"),
    expectedBatch: positive,
    numerator: z
      .number()
      .int()
      .min(1)
      .max(2 ** 32),
    denominator: z.literal(2 ** 32),
  }),
  mechanism: z.strictObject({
    kind: z.literal("discrete-gaussian"),
    latticeSensitivity: z.literal(latticeSensitivity),
    standardDeviation: count.max(2 ** 40),
  }),
  directions: z.strictObject({
    distribution: z.enum(["gaussian", "rademacher", "sphere"]),
    runSeed: z.string().regex(/^[0-9a-f]{64}$/u),
  }),
  stages: z.array(stageSchema).min(1).max(64),
});

/** @see planSchema */
export type Plan = z.infer<typeof planSchema>;

/** One stage of a plan's schedule, with the names of the tensors it trains. */
export type PlanStage = Plan["stages"][number];
