import { startingValues } from "../adapter/index.js";
import type { DirectionEngine } from "../directions/index.js";
import { withAdapter } from "../model/adapter.js";
import type { ModelDescription } from "../model/description.js";
import { ModelError } from "../model/errors.js";
import type { RunPlan } from "../plan/plan.js";
import { selfTest } from "../measure/self-test.js";
import type { PreparedModel } from "./prepare.js";

/**
 * A prepared model with the adapters of a plan at their starting values; the model itself where the plan has none.
 *
 * The adapters are put among the model's weights, where the plain model does not look at them.
 *
 * @throws {ModelError} `too-many-tokens` where virtual tokens leave too little room for the prompts; {RuntimeError} `self-test-failed`: the adapted graphs are checked as the plain ones were.
 */
export async function adaptModel(
  model: PreparedModel,
  { adapter, directions }: RunPlan,
  engine: DirectionEngine,
): Promise<PreparedModel> {
  if (adapter === undefined) return model;
  const { weights, task } = model;
  const description = withAdapter(model.description, adapter);
  if (model.maximumTokens > description.maximumTokens) throw tooLong(model, description);
  const start = startingValues(description, directions.runSeed, engine);
  await testAdapted(model, description, start, engine);
  for (const [name, values] of start) weights.set(name, values);
  return { ...model, description, modelStages: description.stages(task.objective) };
}

function tooLong({ maximumTokens }: PreparedModel, description: ModelDescription): ModelError {
  return new ModelError("too-many-tokens", {
    message: `Prompts of ${maximumTokens} tokens leave no room for the virtual tokens of the prefix.`,
    value: maximumTokens,
    expected: `at most ${description.maximumTokens}`,
    next: "Lower --maximum-tokens or --prefix-length.",
  });
}

/** With B other than zero, or nothing that goes through A would be seen. */
async function testAdapted(
  { runner, weights }: PreparedModel,
  description: ModelDescription,
  start: ReadonlyMap<string, Float32Array>,
  engine: DirectionEngine,
): Promise<void> {
  const runSeed = new Uint8Array(32);
  for (const [tensor, values] of start) {
    const probe = values.slice();
    if (probe.every((value) => value === 0)) {
      engine.fill({ runSeed, step: 0, direction: 0, tensor, distribution: "gaussian" }, probe);
    }
    weights.set(tensor, probe);
  }
  await selfTest(runner, description, weights);
}
