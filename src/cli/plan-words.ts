import { type Plan } from "../plan/plan.js";
import { totalSteps } from "../schedule/stages.js";
import { figure } from "./output.js";

/** A plan for a person: the guarantee first, then what is done to keep it. */
export function planInWords(plan: Plan): readonly string[] {
  const { privacy, sampling, mechanism, stages } = plan;
  const rate = sampling.numerator / sampling.denominator;
  const noise = mechanism.standardDeviation / mechanism.latticeSensitivity;
  const weights = new Set(stages.flatMap(({ tensors }) => tensors)).size;
  return [
    `plan        ${plan.method}: epsilon ${figure(privacy.epsilon, 4)} at delta ${privacy.delta}, ` +
      `add or remove one of ${privacy.publicSize} ${privacy.unit}s (their number is public)`,
    `            ${totalSteps(stages)} steps, Poisson rate ${figure(rate, 5)} (${sampling.expectedBatch} records in the mean), ` +
      `noise ${figure(noise, 4)} x clip`,
    ...stages.map(
      (stage, index) =>
        `  stage ${index + 1}   ${stage.steps} steps, learning rate ${figure(stage.learningRate, 6)}, ` +
        `smoothing ${stage.smoothing}, ${stage.directions} directions, clip ${stage.clipThreshold}, trains ${stage.train}`,
    ),
    `            ${weights} tensors are trained; forward passes: two a direction, record and step`,
  ];
}
