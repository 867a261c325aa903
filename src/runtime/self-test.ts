import type { ModelDescription, ModelStage, Objective } from "../model/description.js";
import { batchActivations, type TokenRecord } from "../model/token-batch.js";
import { RuntimeError } from "./errors.js";
import type { Tensor } from "./runtime.js";
import { type Activations, type StageRunner, weightSource, type WeightSource } from "./stage-runner.js";

/** What the start-up self-test looked at. */
export interface SelfTestResult {
  /** Names of the model's stages, each of which gave something else when one of its weights was changed. */
  readonly stages: readonly string[];
}

/**
 * Checks, on this machine and model, what training relies on and the runtime does not promise.
 *
 * - Changing a weight of each stage changes what the stage gives. (ONNX Runtime silently ignores weights it takes
 *   for constants; a trainer on such a graph would learn nothing.)
 * - A record's logits are the same bits whatever else is in its batch. (Otherwise adding a record could change
 *   what another one contributes, and the sensitivity would not be what the accountant assumes.)
 *
 * @param objective what the model will be asked for; two label words unless told
 * @throws {RuntimeError} `self-test-failed`, naming the stage or the property.
 */
export async function selfTest(
  runner: StageRunner,
  description: ModelDescription,
  weights: ReadonlyMap<string, Float32Array>,
  objective: Objective = { kind: "label-words", wordIds: [0, description.vocabularySize - 1] },
): Promise<SelfTestResult> {
  const stages = description.stages(objective);
  const source = weightSource(description, weights);
  const records = testRecords(description);
  await checkIndependence(runner, description, stages, source, records);
  await checkSensitivity(runner, description, stages, source, records);
  return { stages: stages.map(({ name }) => name) };
}

/** Records of different lengths over the whole vocabulary; fixed, since nothing here is secret. */
function testRecords(description: ModelDescription): readonly TokenRecord[] {
  const longest = Math.min(16, description.maximumTokens);
  return Array.from({ length: 5 }, (_, record) => {
    const length = Math.max(2, longest - 2 * record);
    const ids = Int32Array.from(
      { length },
      (__, i) => (i * 7919 + record * 104729 + 5) % description.vocabularySize,
    );
    return { inputIds: ids, tokenTypeIds: new Int32Array(length), maskPosition: 1 };
  });
}

async function runFrom(
  runner: StageRunner,
  stages: readonly ModelStage[],
  source: WeightSource,
  start: Activations,
): Promise<Float32Array> {
  let activations = start;
  for (const stage of stages) activations = await runner.run(stage, source, activations);
  const logits = activations["logits"]?.data;
  if (logits instanceof Float32Array) return logits;
  throw failed("The last stage gave no logits.", "logits");
}

async function checkIndependence(
  runner: StageRunner,
  description: ModelDescription,
  stages: readonly ModelStage[],
  source: WeightSource,
  records: readonly TokenRecord[],
): Promise<void> {
  const positions = Math.min(16, description.maximumTokens);
  const logits = async (batch: readonly TokenRecord[]): Promise<Float32Array> =>
    runFrom(runner, stages, source, batchActivations(description, batch, positions));
  const [first, second, ...others] = records;
  if (first === undefined || second === undefined) return;
  const two = await logits([first, second]);
  const alone = two.slice(0, two.length / 2);
  const among = (await logits([second, ...others, first])).slice(-alone.length);
  if (alone.some((value, index) => !Object.is(value, among[index]))) {
    throw failed("A record's logits depend on the other records of its batch.", "batch independence");
  }
}

/** Changes each stage's last weight, in one value of every row, so that every record meets the change. */
async function checkSensitivity(
  runner: StageRunner,
  description: ModelDescription,
  stages: readonly ModelStage[],
  source: WeightSource,
  records: readonly TokenRecord[],
): Promise<void> {
  let activations = batchActivations(description, records, Math.min(16, description.maximumTokens));
  for (const stage of stages) {
    const moved = await runner.run(stage, changed(stage, source), activations);
    const plain = await runner.run(stage, source, activations);
    const outputs = Object.values(stage.program.outputs);
    if (outputs.every((name) => sameValues(plain[name], moved[name]))) {
      throw failed(`Changing a weight of stage ${stage.name} changes nothing it gives.`, stage.name);
    }
    activations = plain;
  }
}

function sameValues(a: Tensor | undefined, b: Tensor | undefined): boolean {
  return a !== undefined && b !== undefined && a.data.every((value, at) => value === b.data[at]);
}

function changed(stage: ModelStage, source: WeightSource): WeightSource {
  const target = stage.weights.at(-1);
  return (binding) => {
    const tensor = source(binding);
    if (binding !== target) return tensor;
    const data = tensor.data.slice();
    // One value a row, a different column each: a norm would take the same shift of all values away again, and
    // what one column is multiplied with may be zero in every record.
    const width = tensor.dims.length > 1 ? (tensor.dims.at(-1) ?? 1) : data.length;
    for (let row = 0; row * width < data.length; row += 1) {
      const at = row * width + (row % width);
      data[at] = (data[at] ?? 0) + 0.5;
    }
    return { data, dims: tensor.dims };
  };
}

function failed(message: string, value: string): RuntimeError {
  return new RuntimeError("self-test-failed", {
    message,
    value,
    expected: "the runtime to compute what the executor asks for",
    next: "Nothing was trained. Please report it with the runtime's version and the output of `dpzo doctor`.",
  });
}
