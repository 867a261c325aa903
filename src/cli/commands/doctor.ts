import { arch, availableParallelism, platform, totalmem } from "node:os";

import * as z from "zod";

import type { Checkpoint } from "../../checkpoint/index.js";
import { createDirectionEngine } from "../../directions/index.js";
import type { Objective } from "../../model/description.js";
import { loadModel } from "../../model/load.js";
import { countParameters } from "../../model/registry.js";
import { compareWithGolden, parseGolden } from "../../runtime/golden.js";
import { selfTest } from "../../measure/self-test.js";
import { StageRunner } from "../../runtime/stage-runner.js";
import { preflight } from "../../train/preflight.js";
import { exitCodes } from "../exit-codes.js";
import { readFlagText } from "../flag-file.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { inspectTokenizer, type InspectedTokenizer } from "../tokenizer-source.js";
import {
  addThreads,
  baseCommand,
  type CommandFactory,
  outputFor,
  runtimeFor,
  settingsOf,
  withFolder,
} from "./shared.js";

/** Logits further from the reference than this fail the check. */
const tolerance = 1e-4;

const doctorSchema = z.strictObject({
  model: z.string().describe("checkpoint folder"),
  golden: z.string().optional().describe("file with reference logits to compare with"),
});

/** `dpzo doctor`: looks over the machine, the runtime and a checkpoint before any private record is touched. */
export const doctorCommand: CommandFactory = (setExitCode) => {
  const command = baseCommand("doctor", "Check the machine, the runtime and a checkpoint.");
  addSchemaOptions(command, doctorSchema);
  addThreads(command);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveSettings(doctorSchema, settingsOf(flags));
    const output = outputFor(flags);
    const runtime = runtimeFor(flags);
    const runner = new StageRunner(runtime);
    const { model, digest, tested, tokenizer, remarks } = await withFolder(settings.model, (checkpoint) =>
      lookOver(checkpoint, runner),
    );
    const compared =
      settings.golden === undefined
        ? undefined
        : await compareWithGolden(runner, model, parseGolden(readFlagText(settings.golden)));
    const isClose = compared === undefined || compared.maxAbsDiff <= tolerance;
    const found = {
      architecture: model.description.architecture,
      parameters: countParameters(model.description),
      ...(compared === undefined ? {} : { maxAbsDiff: compared.maxAbsDiff, compared: compared.compared }),
      stages: tested.stages,
      selfTest: "passed",
      remarks,
      digest,
      tokenizer,
      runtime: { name: runtime.name, version: runtime.version },
      directions: createDirectionEngine().name,
      machine: {
        platform: platform(),
        architecture: arch(),
        cores: availableParallelism(),
        memoryBytes: totalmem(),
        node: process.version,
      },
    };
    output.answer({ ...found, tensors: [...model.description.tensors.keys()] }, () =>
      describeFindings(found, isClose),
    );
    if (!isClose) setExitCode(exitCodes.failed);
  });
};

/** What `train` looks at before its first step, in its order; a remark stands where it alone would stop. */
async function lookOver(checkpoint: Checkpoint, runner: StageRunner) {
  const model = await loadModel(checkpoint);
  const { description, weights } = model;
  const tokenizer = await inspectTokenizer(checkpoint, description);
  const objective: Objective = { kind: "label-words", wordIds: [0, description.vocabularySize - 1] };
  const remarks = await preflight({ ...model, checkpoint, runner, objective });
  const tested = await selfTest(runner, description, weights, objective);
  const missing = "there is no tokenizer.json, without which nothing can be trained or evaluated";
  return {
    model,
    tested,
    tokenizer,
    digest: await checkpoint.digest(),
    remarks: tokenizer !== null ? remarks : [...remarks, missing],
  };
}

interface Findings {
  readonly architecture: string;
  readonly parameters: number;
  readonly maxAbsDiff?: number;
  readonly stages: readonly string[];
  readonly remarks: readonly string[];
  readonly tokenizer: InspectedTokenizer | null;
  readonly runtime: { readonly name: string; readonly version: string };
  readonly directions: string;
  readonly machine: { readonly cores: number; readonly memoryBytes: number; readonly node: string };
}

function describeFindings(found: Findings, isClose: boolean): readonly string[] {
  const { machine, runtime } = found;
  const golden =
    found.maxAbsDiff === undefined
      ? []
      : [
          `golden      largest difference ${found.maxAbsDiff.toExponential(2)}: ${isClose ? "agrees" : "DIFFERS"}`,
        ];
  return [
    `machine     ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, Node ${machine.node}`,
    `runtime     ${runtime.name} ${runtime.version}; directions: ${found.directions}`,
    `model       ${found.architecture}, ${found.parameters.toLocaleString("en")} parameters`,
    `tokenizer   ${found.tokenizer === null ? "none" : `${found.tokenizer.tokens.toLocaleString("en")} tokens`}`,
    `self-test   passed: ${found.stages.length} stages change the answer when their weights change; records do not influence each other`,
    `weights     finite, and so are the logits; tied tensors agree`,
    ...found.remarks.map((words) => `remark      ${words}`),
    ...golden,
  ];
}
