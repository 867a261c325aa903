import type { MaskSpec } from "../masks/index.js";
import { ScheduleError } from "./errors.js";
import { dpZoso, type DpZosoSettings, type ScheduleStage } from "./stages.js";

/** What the methods of one stage need to know. */
export interface PlainSettings {
  /** T: noised updates. */
  readonly steps: number;
  readonly learningRate: number;
  /** phi. */
  readonly smoothing: number;
  /** c, on the norm of one record's differences (l(th + phi z) - l(th - phi z)) / (2 phi). */
  readonly clipThreshold: number;
  readonly proximal: number;
  readonly train: string;
}

/** What DP-ZOPO needs to know besides DP-ZOSO's settings. */
export interface DpZopoSettings extends DpZosoSettings {
  readonly mask: Omit<MaskSpec, "ratio">;
  /** Share of the weights that is kept: one for all stages, or one a stage. */
  readonly maskRatio: readonly number[];
}

/**
 * DP-ZOPO: DP-ZOSO's stages, each on the weights that a mask keeps.
 *
 * @throws {ScheduleError} `bad-schedule`, also where `grow` would shrink or `rotate` would run out of weights.
 * @see arXiv 2402.07818; methods.md 1.5 and 3
 */
export function dpZopo({ mask, maskRatio, ...settings }: DpZopoSettings): readonly ScheduleStage[] {
  const stages = perStage(dpZoso(settings), "mask ratios", maskRatio, (stage, ratio) => ({
    ...stage,
    mask: { ...mask, ratio },
  }));
  const ratios = stages.map((stage) => stage.mask?.ratio ?? 1);
  if (mask.strategy === "grow" && ratios.some((ratio, at) => ratio < (ratios[at - 1] ?? 0))) {
    throw badRatios(ratios, "ratios that do not fall: grow keeps what it has");
  }
  if (mask.strategy === "rotate" && ratios.reduce((sum, ratio) => sum + ratio, 0) > 1) {
    throw badRatios(ratios, "ratios that add up to at most 1: rotate takes each weight once");
  }
  return stages;
}

/**
 * DP-AggZO: K directions under one vector clip, one stage.
 *
 * The paper clips v = D / K to its c; here the vector D itself is clipped, so `clipThreshold` is K times the paper's c.
 *
 * @see Bao et al., USENIX Security 2025; methods.md 1.6
 */
export function dpAggzo(settings: PlainSettings & { readonly directions: number }): readonly ScheduleStage[] {
  const { train, smoothing, ...rest } = settings;
  return dpZoso({ ...rest, stages: 1, smoothing: [smoothing, smoothing], train: [train] });
}

/** DPZero: one direction, one stage, Gaussian noise. @see arXiv 2310.09639; methods.md 1.2 */
export function dpZero(settings: PlainSettings): readonly ScheduleStage[] {
  return dpAggzo({ ...settings, directions: 1 });
}

/**
 * DP-ZO: DPZero's schedule; what tells it apart is the noise, Laplace for a pure epsilon.
 *
 * The paper clips the difference of losses to its C; here it is divided by 2 phi first, so `clipThreshold` is C / (2 phi).
 *
 * @see Tang et al., arXiv 2401.04343; methods.md 1.3
 */
export function dpZo(settings: PlainSettings): readonly ScheduleStage[] {
  return dpZero(settings);
}

/** MeZO: DPZero's schedule, without a clip and without noise. **Not private.** @see arXiv 2305.17333; methods.md 1.1 */
export function mezo(settings: Omit<PlainSettings, "clipThreshold">): readonly ScheduleStage[] {
  // Nothing is clipped; the threshold only says how fine the ledger's integers are.
  return dpZero({ ...settings, clipThreshold: 1 });
}

/**
 * Changes each stage by its own value: `values` has one for all stages, or one a stage.
 *
 * @throws {ScheduleError} `bad-schedule` for another number of values.
 */
export function perStage<Value>(
  stages: readonly ScheduleStage[],
  what: string,
  values: readonly Value[],
  change: (stage: ScheduleStage, value: Value) => ScheduleStage,
): readonly ScheduleStage[] {
  const [first] = values;
  if (first === undefined || (values.length !== 1 && values.length !== stages.length)) {
    throw new ScheduleError("bad-schedule", {
      message: `${values.length} ${what} for ${stages.length} stages.`,
      value: values,
      expected: "one for all stages, or one for each",
    });
  }
  return stages.map((stage, index) => change(stage, values[index] ?? first));
}

function badRatios(ratios: readonly number[], expected: string): ScheduleError {
  return new ScheduleError("bad-schedule", {
    message: `The mask ratios are ${ratios.join(", ")}.`,
    value: ratios,
    expected,
  });
}
