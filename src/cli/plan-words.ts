import { adapterInWords } from "../model/adapter.js";
import { noiseMultiplierOf } from "../plan/noise.js";
import { isPrivate, type Plan, type PlanStage, type RunPlan, stageSampling } from "../plan/plan.js";
import { planUnit, unitWords } from "../plan/unit.js";
import { totalSteps } from "../schedule/stages.js";
import { figure } from "./output.js";

/** A plan for a person: the guarantee first, or that there is none, then what is done to keep it. */
export function planInWords(plan: RunPlan): readonly string[] {
  const weights = new Set(plan.stages.flatMap(({ tensors }) => tensors)).size;
  return [
    ...(isPrivate(plan) ? guaranteeWords(plan) : noGuaranteeWords(plan)),
    ...plan.stages.map((stage, index) => `  stage ${index + 1}   ${stageWords(plan, stage)}`),
    ...(plan.adapter ? [`            ${adapterInWords(plan.adapter)}`] : []),
    `            ${weights} tensors are trained; forward passes: ${passes(plan)}`,
  ];
}

function guaranteeWords(plan: Plan): readonly string[] {
  const { privacy, mechanism } = plan;
  const { name, meaning } = unitWords(privacy.unit);
  const noise = mechanism.kind === "discrete-laplace" ? "Laplace noise, standard deviation" : "noise";
  return [
    `plan        ${plan.method}: epsilon ${figure(privacy.epsilon, 4)} at delta ${privacy.delta}, ` +
      `add or remove one of ${privacy.publicSize} ${name}s (their number is public)`,
    ...(meaning === undefined ? [] : [`            a unit: ${meaning}`]),
    `            ${stepsWords(plan)}, ${noise} ${figure(noiseMultiplierOf(mechanism), 4)} x clip`,
  ];
}

function noGuaranteeWords(plan: RunPlan): readonly string[] {
  return [
    `plan        ${plan.method}: NOT PRIVATE. No clip, no noise, no epsilon: ledger and model say what the records say`,
    `            ${stepsWords(plan)}`,
  ];
}

function stepsWords(plan: RunPlan): string {
  const { stages, sampling } = plan;
  const { name } = unitWords(planUnit(plan));
  const rate = figure(sampling.numerator / sampling.denominator, 5);
  return `${totalSteps(stages)} steps, Poisson rate ${rate} (${sampling.expectedBatch} ${name}s in the mean)`;
}

function stageWords(plan: RunPlan, stage: PlanStage): string {
  const { mask, smoothing, smoothingUnit } = stage;
  const phi = smoothingUnit === "displacement" ? `displacement ${smoothing}` : `smoothing ${smoothing}`;
  const batch = stage.sampling && `, batch ${stageSampling(plan, stage).expectedBatch}`;
  const kept = mask && `, ${figure(100 * mask.ratio, 3)} % of it (${mask.score}, ${mask.strategy})`;
  return (
    `${stage.steps} steps, learning rate ${figure(stage.learningRate, 6)}, ${phi}, ${stage.directions} directions, ` +
    `${isPrivate(plan) ? clipWords(stage) : "no clip"}, trains ${stage.train}${kept ?? ""}${batch ?? ""}`
  );
}

function clipWords({ clip, clipThreshold, adaptiveClip }: PlanStage): string {
  if (clip === "per-scalar") return `clip ${clipThreshold} each`;
  if (adaptiveClip === undefined) return `clip ${clipThreshold}`;
  return `clip from ${clipThreshold}, following the ${adaptiveClip.quantile} quantile`;
}

function passes({ stages }: RunPlan): string {
  return stages.some(({ estimator }) => estimator === "one-sided")
    ? "one a direction and one more, record and step"
    : "two a direction, record and step";
}
