import { textOf } from "./examples.js";
import { repositoryPath } from "./shared.js";

import type { PassesOptions } from "../../src/compare/forward-passes.js";
import type { GridRow } from "../../src/compare/index.js";
import type { Checkpoint } from "../../src/checkpoint/index.js";
import {
  createDirectionEngine,
  type DirectionEngine,
  type TensorLength,
} from "../../src/directions/index.js";
import type { JsonObject, LedgerEntry, LedgerFile } from "../../src/ledger/index.js";
import type { Mechanism } from "../../src/mechanism/index.js";
import type { ModelDescription } from "../../src/model/description.js";
import { describeModel } from "../../src/model/registry.js";
import { openNodeCheckpoint } from "../../src/node/index.js";
import type { TrainConfig, TaskConfig } from "../../src/plan/config.js";
import type { Plan } from "../../src/plan/plan.js";
import type { StageRunner } from "../../src/runtime/stage-runner.js";
import { createPromptEncoder, createTokenizer, parseTemplate } from "../../src/tasks/index.js";
import type { PromptEncoder, TaskRecord, TextTokenizer } from "../../src/tasks/index.js";
import type { RunFiles } from "../../src/train/run.js";

/** Names that examples use for what a reader has at that place, with their types. */
export interface ExampleScope {
  readonly checkpoint: Checkpoint;
  readonly base: Checkpoint;
  readonly bias: Float32Array;
  readonly description: ModelDescription;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly runner: StageRunner;
  readonly modelBytes: Uint8Array;
  readonly tokenizer: TextTokenizer;
  readonly encoder: PromptEncoder;
  readonly tokenizerJson: string;
  readonly configJson: string;
  readonly ids: Int32Array;
  readonly engine: DirectionEngine;
  readonly runSeed: Uint8Array;
  readonly step: number;
  readonly direction: number;
  readonly tensors: readonly TensorLength[];
  readonly mechanism: Mechanism;
  readonly file: LedgerFile;
  readonly line: Uint8Array;
  readonly bytes: Uint8Array;
  readonly plan: Plan & JsonObject;
  readonly entries: readonly LedgerEntry[];
  readonly ledgerHash: string;
  readonly q: number;
  readonly T: number;
  readonly target: { readonly epsilon: number; readonly delta: number };
  readonly options: PassesOptions;
  readonly all: string[];
  readonly rows: readonly GridRow[];
  readonly readBatch: () => Promise<readonly TaskRecord[]>;
  readonly sampleAndMeasure: () => Promise<readonly Float64Array[]>;
  readonly apply: (entry: LedgerEntry) => void;
  readonly task: TaskConfig;
  readonly config: TrainConfig;
  readonly records: AsyncIterable<TaskRecord>;
  readonly files: RunFiles;
}

/** The names, those of them that have values in {@link scopeValues} among them. */
export const scopeNames: ReadonlySet<string> = new Set(
  [...textOf("test/support/example-scope.ts").matchAll(/^ {2}readonly (\w+):/gmu)].map(
    ([, name = ""]) => name,
  ),
);

/** Values for the names that can have one: the model of the repository, its tokenizer, small public numbers. */
export async function scopeValues(): Promise<Partial<ExampleScope>> {
  const folder = "models/minilm-mlm";
  const checkpoint = await openNodeCheckpoint(repositoryPath(folder));
  const tokenizerJson = textOf(`${folder}/tokenizer.json`);
  const configJson = textOf(`${folder}/tokenizer_config.json`);
  const tokenizer = createTokenizer({ tokenizer: JSON.parse(tokenizerJson), config: JSON.parse(configJson) });
  const template = parseTemplate("{text} it was {mask}.");
  return {
    checkpoint,
    base: checkpoint,
    bias: await checkpoint.read("cls.predictions.bias"),
    description: describeModel(checkpoint.config),
    tokenizer,
    tokenizerJson,
    configJson,
    encoder: createPromptEncoder({ tokenizer, template, maximumTokens: 64 }),
    engine: createDirectionEngine(),
    runSeed: new Uint8Array(32).fill(1),
    step: 1,
    direction: 0,
    tensors: [{ name: "classifier.weight", length: 8 }],
    q: 1 / 16,
    T: 100,
    target: { epsilon: 4, delta: 1e-5 },
  };
}
