import type { Checkpoint } from "../checkpoint/index.js";
import type { ModelDescription, ModelStage } from "../model/description.js";
import { type LoadedModel, loadModel } from "../model/load.js";
import type { Plan } from "../plan/plan.js";
import type { InferenceRuntime } from "../runtime/runtime.js";
import { selfTest } from "../measure/self-test.js";
import { StageRunner } from "../runtime/stage-runner.js";
import {
  createTask,
  createTokenizer,
  type Example,
  type Task,
  type TaskRecord,
  type TextTokenizer,
} from "../tasks/index.js";
import type { TaskConfig } from "../plan/config.js";
import { chooseDemonstrations, type Demonstrations } from "./demonstrations.js";
import { TrainError } from "./errors.js";
import { plannedTask } from "./planned-task.js";
import { preflight } from "./preflight.js";
import { refuseForeignTokens, type TokenBounds } from "./preflight-tokens.js";

/** A checkpoint that is ready to answer prompts of one task. */
export interface PreparedModel extends LoadedModel {
  readonly runner: StageRunner;
  readonly task: Task;
  /** Stages of the task's objective. */
  readonly modelStages: readonly ModelStage[];
  readonly maximumTokens: number;
  /** Demonstrations before every prompt. */
  readonly shots: number;
  /** What {@link preflight} has to say about the folder. */
  readonly remarks: readonly string[];
}

/**
 * Loads a checkpoint, checks the runtime on it, and checks the task against its tokenizer.
 *
 * No record has been read when it returns.
 *
 * @param demonstrations PUBLIC records that stand before every prompt
 * @throws {CheckpointError}, {ModelError}, {TaskError}, {RuntimeError} `self-test-failed`.
 */
export async function prepareModel(
  checkpoint: Checkpoint,
  runtime: InferenceRuntime,
  config: TaskConfig,
  demonstrations?: Demonstrations,
): Promise<PreparedModel> {
  const model = await loadModel(checkpoint);
  const { task, maximumTokens, shots } = await prepareTask(
    checkpoint,
    model.description,
    config,
    demonstrations,
  );
  const runner = new StageRunner(runtime);
  const remarks = await preflight({ ...model, checkpoint, runner, objective: task.objective });
  await selfTest(runner, model.description, model.weights, task.objective);
  const modelStages = model.description.stages(task.objective);
  return { ...model, runner, task, modelStages, maximumTokens, shots, remarks };
}

/**
 * Checks a task against a checkpoint's tokenizer and its longest input; no weights are read.
 *
 * @throws {TaskError}, {TrainError} `tokenizer-missing`, `tokenizer-invalid`
 */
export async function prepareTask(
  checkpoint: Checkpoint,
  description: Pick<ModelDescription, "maximumTokens"> & TokenBounds,
  config: TaskConfig,
  demonstrations?: Demonstrations,
): Promise<Pick<PreparedModel, "task" | "maximumTokens" | "shots">> {
  const { kind, maximumTokens: longest } = description;
  const tokenizer = await checkedTokenizer(checkpoint, description);
  const plain = { ...config, maximumTokens: Math.min(config.maximumTokens, longest) };
  const task = createTask(tokenizer, plain, { kind });
  if (demonstrations === undefined) return { task, maximumTokens: plain.maximumTokens, shots: 0 };
  const shown = chooseDemonstrations(task, tokenizer, demonstrations, { kind, longest });
  const maximumTokens = plain.maximumTokens + shown.tokens;
  const { lead, shots } = shown;
  return { task: createTask(tokenizer, { ...plain, maximumTokens }, { kind, lead }), maximumTokens, shots };
}

/** Tokenises every record; an unknown label stops it with the line and nothing of the record. */
export async function readExamples(
  task: Task,
  records: AsyncIterable<TaskRecord>,
): Promise<readonly Example[]> {
  const examples: Example[] = [];
  for await (const record of records) examples.push(task.example(record));
  return examples;
}

/** What the plan says about the task. */
export function planTask({ task }: Pick<PreparedModel, "task">): Plan["task"] {
  return plannedTask(task.description);
}

/** The checkpoint's tokenizer, all of whose tokens the model has. @throws {CheckpointError} `tokens-beyond-embeddings` */
export async function checkedTokenizer(checkpoint: Checkpoint, model: TokenBounds): Promise<TextTokenizer> {
  const tokenizer = await openTokenizer(checkpoint);
  refuseForeignTokens(tokenizer, model);
  return tokenizer;
}

/** The checkpoint's tokenizer: `tokenizer.json` must be there, the other files where they are. */
export async function openTokenizer(checkpoint: Checkpoint): Promise<TextTokenizer> {
  const tokenizer = await jsonSideFile(checkpoint, "tokenizer.json");
  if (tokenizer === undefined) {
    throw new TrainError("tokenizer-missing", {
      message: `${checkpoint.name} has no tokenizer.json.`,
      value: checkpoint.name,
      expected: "a Hugging Face folder with its fast tokenizer",
      next: "Save the tokenizer with transformers' save_pretrained into the folder.",
    });
  }
  const config = await jsonSideFile(checkpoint, "tokenizer_config.json");
  const specialTokensMap = await jsonSideFile(checkpoint, "special_tokens_map.json");
  return createTokenizer({ tokenizer, config, specialTokensMap });
}

async function jsonSideFile(checkpoint: Checkpoint, name: string): Promise<unknown> {
  const bytes = await checkpoint.sideFile(name);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new TrainError("tokenizer-invalid", {
      message: `${checkpoint.name}/${name} is not JSON.`,
      value: name,
    });
  }
}
