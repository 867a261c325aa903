import {
  type RunResult,
  train as trainWith,
  trainWithoutPrivacy as trainWithoutPrivacyWith,
  type TrainRequest,
  type TrainResult,
} from "./run.js";

/**
 * Fine-tunes a checkpoint under a privacy budget, or goes on with a run that was stopped or killed.
 *
 * Membership and noise come from the operating system's generator; there is no way to pass another one in here.
 *
 * @throws {PlanError} `plan-mismatch` if the ledger was begun with another configuration; and every error of
 *   loading the model, reading the records and making the plan. None carries a private value.
 *
 * @example
 * const result = await train({ base, runtime: nodeRuntime(), task, config, records, files });
 * if (result.finished) console.log(result.verified.epsilon);
 */
export function train(request: TrainRequest): Promise<TrainResult> {
  return trainWith(request);
}

/**
 * Fine-tunes a checkpoint with mezo, **without any privacy**: no clip and no noise. Its result has no epsilon.
 *
 * @throws {PlanError} `contradictory-settings` for a private method, and as {@link train}.
 */
export function trainWithoutPrivacy(request: TrainRequest): Promise<RunResult> {
  return trainWithoutPrivacyWith(request);
}
