import {
  type AdaptiveClipSpec,
  dpAggzo,
  dpZero,
  dpZo,
  dpZopo,
  dpZoso,
  type DpZosoSettings,
  mezo,
  perStage,
  type PlainSettings,
  type ScheduleStage,
} from "../schedule/index.js";
import { trainSelections } from "./adapter.js";
import type { TrainConfig } from "./config.js";
import { onlyOneDirection, onlyOneStage } from "./check-method.js";
import { PlanError } from "./errors.js";
import { type Method, methodDefaults } from "./method-defaults.js";
import { countSensitivity } from "./plan.js";

/**
 * The schedule that a configuration's method lays out.
 *
 * Guarantees:
 * - What is set and does not belong to the method is refused, not ignored: a run is what its method's name says.
 *
 * @throws {PlanError} `contradictory-settings`; {ScheduleError} `bad-schedule`.
 */
export function methodStages(config: TrainConfig): readonly ScheduleStage[] {
  checkSettings(config);
  const stages = presetStages(config);
  return overrides(config, stages).map((stage) => ({
    ...stage,
    ...(config.smoothingUnit === "displacement" && { smoothingUnit: config.smoothingUnit }),
    ...(config.estimator === "one-sided" && { estimator: config.estimator }),
    ...(config.clipMode === "per-scalar" && { clip: config.clipMode }),
    ...(config.clipQuantile !== undefined && { adaptiveClip: adaptiveClip(config, config.clipQuantile) }),
  }));
}

function adaptiveClip({ clipRate }: TrainConfig, quantile: number): AdaptiveClipSpec {
  return { quantile, rate: clipRate ?? 0.2, countSensitivity };
}

function presetStages(config: TrainConfig): readonly ScheduleStage[] {
  switch (config.method) {
    case "dp-zoso":
      return dpZoso(stagedSettings(config));
    case "dp-zopo":
      return dpZopo({
        ...stagedSettings(config),
        maskRatio: config.maskRatio ?? [0.01],
        mask: {
          score: config.maskScore ?? "small-magnitude",
          strategy: config.maskStrategy ?? "static",
          granularity: config.maskGranularity ?? "weight",
          floor: config.maskFloor ?? 0.1,
          queries: config.maskQueries ?? 32,
          ...(config.maskRankWeights === true && { rankWeights: { high: 1.2, low: 0.8 } }),
        },
      });
    case "dp-aggzo":
      return dpAggzo({ ...plainSettings(config), directions: valueOf(config, "directions") });
    case "dpzero":
      return dpZero(plainSettings(config));
    case "dp-zo":
      return dpZo(plainSettings(config));
    case "mezo":
      return mezo(plainSettings(config));
  }
}

function stagedSettings(config: TrainConfig): DpZosoSettings {
  const stages = stageCount(config);
  return {
    // Lengths that are given one by one take the place of those that doubling would make.
    steps: config.stageSteps === undefined ? config.steps : 2 ** stages - 1,
    stages,
    learningRate: valueOf(config, "learningRate"),
    smoothing: [config.smoothing, config.smoothingEnd ?? config.smoothing],
    directions: valueOf(config, "directions"),
    clipThreshold: valueOf(config, "clip"),
    proximal: config.proximal,
    train: trainSelections(config),
  };
}

function plainSettings(config: TrainConfig): PlainSettings {
  const { steps, smoothing, proximal } = config;
  const [learningRate, clipThreshold] = [valueOf(config, "learningRate"), valueOf(config, "clip")];
  return { steps, smoothing, proximal, learningRate, clipThreshold, train: trainSelections(config)[0] ?? "" };
}

function valueOf(config: TrainConfig, key: "directions" | "learningRate" | "clip" | "stages"): number {
  return config[key] ?? methodDefaults[config.method][key];
}

type StageList = keyof TrainConfig & `stage${Capitalize<string>}`;
const stageLists = [
  "stageSteps",
  "stageLearningRate",
  "stageSmoothing",
  "stageDirections",
  "stageClip",
  "stageBatch",
] as const satisfies readonly StageList[];

/** As many as were asked for, else as many as the longest list has, else the method's. */
function stageCount(config: TrainConfig): number {
  const lists = [config.train, config.maskRatio, ...stageLists.map((key) => config[key])];
  const longest = Math.max(...lists.map((list) => list?.length ?? 0));
  return config.stages ?? (longest > 1 ? longest : methodDefaults[config.method].stages);
}

function overrides(config: TrainConfig, stages: readonly ScheduleStage[]): readonly ScheduleStage[] {
  const put = (
    list: readonly ScheduleStage[],
    key: (typeof stageLists)[number],
    field: keyof ScheduleStage,
  ): readonly ScheduleStage[] => {
    const values = config[key];
    if (values === undefined) return list;
    return perStage(list, key, values, (stage, value) => ({ ...stage, [field]: value }));
  };
  let changed = put(stages, "stageSteps", "steps");
  changed = put(changed, "stageLearningRate", "learningRate");
  changed = put(changed, "stageSmoothing", "smoothing");
  changed = put(changed, "stageDirections", "directions");
  changed = put(changed, "stageClip", "clipThreshold");
  return put(changed, "stageBatch", "expectedBatch");
}

function checkSettings(config: TrainConfig): void {
  const { method } = config;
  const many = [config.directions ?? 1, ...(config.stageDirections ?? [])].some((value) => value > 1);
  if (onlyOneDirection.includes(method) && many) throw contradiction(method, "directions", "one", "dp-aggzo");
  if (onlyOneStage.includes(method) && hasStages(config))
    throw contradiction(method, "stages", "one", "dp-zoso");
  const given = Object.entries(config).filter(
    ([key, value]) => key.startsWith("mask") && value !== undefined,
  );
  if (method !== "dp-zopo" && given.length > 0) throw contradiction(method, "masks", "none", "dp-zopo");
  if (config.noise === "laplace" && method !== "dp-zo") {
    throw contradiction(method, "Laplace noise", "none", "dp-zo");
  }
  if (method === "mezo") checkNonPrivate(config);
  checkShrinkage(config);
  checkAdaptiveClip(config);
}

function hasStages(config: TrainConfig): boolean {
  const { stages = 1, smoothing, smoothingEnd = smoothing, train = [] } = config;
  return (
    stages > 1 ||
    smoothingEnd !== smoothing ||
    train.length > 1 ||
    stageLists.some((key) => config[key] !== undefined)
  );
}

function checkNonPrivate({ method, epsilon, clip, noise, clipMode, unit }: TrainConfig): void {
  if (epsilon !== undefined) throw contradiction(method, "an epsilon", "none", "dpzero");
  if (clip !== undefined || clipMode !== "vector") throw contradiction(method, "a clip", "none", "dpzero");
  if (noise !== undefined) throw contradiction(method, "noise", "none", "dpzero");
  if (unit !== undefined) throw contradiction(method, "a privacy unit", "none", "dpzero");
}

function checkAdaptiveClip({ method, clipQuantile, clipRate, clipMode, noise }: TrainConfig): void {
  if (clipQuantile === undefined) {
    if (clipRate !== undefined)
      throw clipContradiction("a clip rate and no quantile to follow", "--clip-rate");
    return;
  }
  const isLaplace = method === "dp-zo" && noise !== "gaussian";
  if (method === "mezo" || isLaplace) {
    throw contradiction(method, "a clip quantile", "no Gaussian noise for the count", "dp-aggzo");
  }
  if (clipMode === "per-scalar") {
    throw clipContradiction("a clip quantile and a clip of each difference on its own", "--clip-mode");
  }
}

function clipContradiction(what: string, flag: string): PlanError {
  return new PlanError("contradictory-settings", {
    message: `The settings ask for ${what}.`,
    value: what,
    expected: "one clip of the whole vector, and --clip-quantile where it follows one",
    next: `Leave ${flag} out.`,
  });
}

function checkShrinkage(config: TrainConfig): void {
  if (config.shrinkage === "none") return;
  const isLaplace = config.method === "dp-zo" && config.noise !== "gaussian";
  if (config.method === "mezo" || isLaplace) {
    throw contradiction(config.method, "shrinkage", "no Gaussian noise for it", "dp-aggzo");
  }
  const least = Math.min(valueOf(config, "directions"), ...(config.stageDirections ?? []));
  if (config.shrinkage === "james-stein" && least < 3) {
    throw new PlanError("contradictory-settings", {
      message: `James-Stein shrinkage of ${least} directions was asked for.`,
      value: least,
      expected: "at least 3 directions: with fewer the rule is no better than none",
    });
  }
}

function contradiction(method: Method, what: string, has: string, other: Method): PlanError {
  return new PlanError("contradictory-settings", {
    message: `The settings ask for ${what}, and --method ${method} has ${has}.`,
    value: what,
    next: `Leave them out, or use --method ${other}.`,
  });
}
