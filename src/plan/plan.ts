import * as z from "zod";

/**
 * The plan: every public number of a run, made once, from which sampler, clip, noise and accountant are all
 * derived. It stands in the ledger's first line; nothing in it depends on a record's content.
 */

/** N: the clip threshold in lattice units. A power of two, so that one unit is exact in binary. */
export const latticeSensitivity = 2 ** 20;

/** h: with what a record within the clip threshold is counted, in lattice units; it leaves 99.2 % of N for the differences. */
export const countSensitivity = 2 ** 17;

const finite = z.number().refine(Number.isFinite, "must be finite");
const positive = finite.refine((value) => value > 0, "must be above 0");
const share = finite.refine((value) => value >= 0 && value <= 1, "must be from 0 to 1");
const count = z.number().int().min(1).max(0xffffffff);
const numerator = z
  .number()
  .int()
  .min(1)
  .max(2 ** 32);

/** A stage as format 1 has it. */
const plainStage = {
  steps: count,
  learningRate: positive,
  smoothing: positive,
  directions: count.max(4096),
  clipThreshold: positive,
  proximal: finite.refine((value) => value >= 0, "must not be negative"),
  train: z.string().min(1),
  tensors: z.array(z.string()).min(1),
};

export const maskSchema = z.strictObject({
  score: z.enum([
    "small-magnitude",
    "large-magnitude",
    "random",
    "synflow",
    "synflow-estimate",
    "grasp-estimate",
  ]),
  strategy: z.enum(["static", "dynamic", "grow", "rotate"]),
  granularity: z.enum(["weight", "row", "tensor"]),
  ratio: share.refine((value) => value > 0, "must be above 0"),
  floor: share,
  rankWeights: z.strictObject({ high: positive, low: positive }).exactOptional(),
  queries: count.max(1_000_000),
});

export const adaptiveClipSchema = z.strictObject({
  quantile: share.refine((value) => value > 0 && value < 1, "must be between 0 and 1"),
  rate: share.refine((value) => value > 0 && value < 1, "must be between 0 and 1"),
  countSensitivity: z.literal(countSensitivity),
});

/** What format 2 adds to a stage; absent is as in format 1. */
const stageAdditions = {
  smoothingUnit: z.literal("displacement").exactOptional(),
  estimator: z.literal("one-sided").exactOptional(),
  clip: z.literal("per-scalar").exactOptional(),
  /** The clip threshold follows a quantile; see `src/replay/adaptive-clip.ts`. */
  adaptiveClip: adaptiveClipSchema.exactOptional(),
  mask: maskSchema.exactOptional(),
  /** Where the stage's batch is not the plan's. */
  sampling: z.strictObject({ expectedBatch: positive, numerator }).exactOptional(),
};

const stageSchema = z.strictObject({ ...plainStage, ...stageAdditions });

const delta = finite.refine((value) => value >= 0 && value < 1, "must be from 0 to below 1");
const positiveDelta = delta.refine((value) => value > 0, "must be above 0");

/** Whom format 2 may protect: a record, or all records that share one value of a column. */
const unit = z.union([z.literal("record"), z.strictObject({ column: z.string().min(1) })]);

const guarantee = <Unit extends z.ZodType, Delta extends z.ZodType<number>>(
  unitSchema: Unit,
  deltaSchema: Delta,
) =>
  z.strictObject({
    unit: unitSchema,
    neighbouring: z.literal("add-or-remove-one"),
    publicSize: count,
    targetEpsilon: positive,
    delta: deltaSchema,
    epsilon: positive,
  });

/** Widest noise, in lattice units: 2^20 clip thresholds. Format 1 ends at 2^32 - 1, as in dpzo 0.1. */
export const widestNoise = 2 ** 40;
const width = z.number().int().min(1).max(widestNoise);

const gaussian = z.strictObject({
  kind: z.literal("discrete-gaussian"),
  latticeSensitivity: z.literal(latticeSensitivity),
  standardDeviation: width,
});
const laplace = z.strictObject({
  kind: z.literal("discrete-laplace"),
  latticeSensitivity: z.literal(latticeSensitivity),
  scale: width,
});

const base = z.strictObject({ architecture: z.string(), digest: z.string().regex(/^[0-9a-f]{64}$/u) });
const labelWordTask = z.strictObject({
  template: z.string(),
  labels: z.array(z.string()).min(2),
  labelWords: z.array(z.string()).min(2),
  maximumTokens: count,
});
/** What is put in the place of `{mask}`: one of label words, options with their slots, or an answer of some tokens. */
const task = z.union([
  labelWordTask,
  z.strictObject({
    template: z.string(),
    labels: z.array(z.string()).min(2),
    options: z.array(z.string()).min(2),
    maximumTokens: count,
  }),
  z.strictObject({ template: z.string(), answerTokens: count, maximumTokens: count }),
]);
const sampling = z.strictObject({
  kind: z.literal("poisson"),
  expectedBatch: positive,
  numerator,
  denominator: z.literal(2 ** 32),
});
const directions = z.strictObject({
  distribution: z.enum(["gaussian", "rademacher", "sphere"]),
  runSeed: z.string().regex(/^[0-9a-f]{64}$/u),
});

/** Trained weights beside the base's own; see `src/model/adapter.ts`. Their first values follow from the run seed. */
export const adapterSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("lora"),
    rank: count.max(4096),
    alpha: positive,
    modules: z.array(z.string().min(1)).min(1),
    blocks: count,
  }),
  z.strictObject({ kind: z.literal("prefix"), length: count.max(4096) }),
]);

/** Public post-processing of the released values; see `src/replay/shrinkage.ts`. */
export const shrinkageSchema = z.discriminatedUnion("rule", [
  z.strictObject({ rule: z.literal("james-stein") }),
  z.strictObject({ rule: z.literal("sage"), decay: share, warmup: count, least: share }),
]);

const stages = z.array(stageSchema).min(1).max(64);

// A schema gives its keys in the order in which they stand here, and a ledger's header has them in that order, byte for
// byte: the order below is part of the format.

/** Format 1: what dpzo 0.1 wrote, and what is still written where it says everything. */
export const planSchemaOfFormat1 = z.strictObject({
  format: z.literal("dpzo-plan/1"),
  method: z.literal("dp-zoso"),
  base,
  task: labelWordTask,
  privacy: guarantee(z.literal("record"), positiveDelta),
  sampling,
  mechanism: gaussian.extend({ standardDeviation: count }),
  directions,
  stages: z.array(z.strictObject(plainStage)).min(1).max(64),
});

/** A plan with a privacy guarantee. */
export const planSchema = z.strictObject({
  format: z.enum(["dpzo-plan/1", "dpzo-plan/2"]),
  method: z.enum(["dp-zoso", "dp-zopo", "dp-aggzo", "dpzero", "dp-zo"]),
  base,
  task,
  privacy: guarantee(unit, delta),
  sampling,
  mechanism: z.discriminatedUnion("kind", [gaussian, laplace]),
  directions,
  adapter: adapterSchema.exactOptional(),
  shrinkage: shrinkageSchema.exactOptional(),
  stages,
});

/** A plan without any: no clip, no noise, no epsilon to state. */
export const nonPrivatePlanSchema = z.strictObject({
  format: z.literal("dpzo-plan/2"),
  method: z.literal("mezo"),
  base,
  task,
  privacy: z.strictObject({ private: z.literal(false), publicSize: count }),
  sampling,
  mechanism: z.strictObject({
    kind: z.literal("none"),
    latticeSensitivity: z.literal(latticeSensitivity),
  }),
  directions,
  adapter: adapterSchema.exactOptional(),
  stages,
});

/** The plan of a private run. @see planSchema */
export type Plan = z.infer<typeof planSchema>;

/** The plan of a run that keeps nothing private. It has no epsilon, and nothing can give it one. */
export type NonPrivatePlan = z.infer<typeof nonPrivatePlanSchema>;

/** Any plan a ledger may hold. */
export type RunPlan = Plan | NonPrivatePlan;

/** One stage of a plan's schedule, with the names of the tensors it trains. */
export type PlanStage = Plan["stages"][number];

/** Whether a plan gives a guarantee, and so has an epsilon. */
export function isPrivate(plan: RunPlan): plan is Plan {
  return plan.mechanism.kind !== "none";
}

/** How a stage samples: its own batch where it has one, else the plan's. */
export function stageSampling(
  { sampling }: Pick<RunPlan, "sampling">,
  stage: Pick<PlanStage, "sampling">,
): Plan["sampling"] {
  return { ...sampling, ...stage.sampling };
}
