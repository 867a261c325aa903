import { readFile, rmdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { bytesToHex } from "@noble/hashes/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as z from "zod";

import {
  type CellStore,
  CompareError,
  comparisonTable,
  type GridRequest,
  type GridRow,
  renderComparison,
  runCell,
  runGrid,
  variantsOf,
  Workbench,
} from "../../compare/index.js";
import { textChunk } from "../../files.js";
import { lockFolder, nodeFolderWriter, openNodeCheckpoint } from "../../node/index.js";
import { classificationMetrics, type Example } from "../../tasks/index.js";
import { taskConfigSchema } from "../../plan/config.js";
import { prepareModel, readExamples } from "../../train/prepare.js";
import { UsageError } from "../errors.js";
import { compareGroups } from "../flag-groups.js";
import { exitCodes } from "../exit-codes.js";
import { listenForInterrupt } from "../interrupt.js";
import { resolveNamedSettings } from "../named-settings.js";
import type { InferenceRuntime } from "../../runtime/runtime.js";
import { modelInputs, refuseOverlap } from "../overlap.js";
import { addSchemaOptions, readMappingFile } from "../options.js";
import { duration, figure, type Output } from "../output.js";
import { columnsSchema, fileRecords, taskFileSchema } from "../task-files.js";
import { version } from "../version.js";
import { addThreads, baseCommand, type CommandFactory, outputFor, runtimeFor, settingsOf } from "./shared.js";

/** Everything `dpzo compare` can be told. */
export const compareSettingsSchema = z.strictObject({
  ...taskFileSchema.shape,
  data: z.string().describe("PUBLIC file to train on"),
  dev: z.string().describe("PUBLIC file to choose settings on"),
  test: z.string().describe("PUBLIC file to report on"),
  methods: z
    .string()
    .default("zero-shot,mezo,dpzero,dp-zoso,dp-zopo,dp-aggzo")
    .describe("methods to compare, separated by commas; zero-shot and names from --settings too"),
  epsilon: z.string().default("4").describe("privacy budgets, separated by commas; each run has its own"),
  delta: z.number().positive().lt(1).default(1e-5).describe("delta of every run"),
  seeds: z.number().int().min(1).max(1000).default(3).describe("runs of each method at each budget"),
  forwardPasses: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("limit on the forward passes of a run; steps are lowered to stay within it"),
  settings: z
    .string()
    .optional()
    .describe("YAML or JSON file: lists of train settings by name, of which the best on dev is used"),
  out: z.string().describe("folder for cells/ (one file a run), compare.html and compare.json"),
});

type CompareSettings = z.infer<typeof compareSettingsSchema>;

/** `dpzo compare`: a grid of methods, budgets and seeds on PUBLIC records; the same command goes on. */
export const compareCommand: CommandFactory = (setExitCode) => {
  const command = baseCommand(
    "compare",
    "Compare methods on PUBLIC records: choose settings on dev, report on test. Resumes a grid.",
  );
  addSchemaOptions(command, compareSettingsSchema, compareGroups);
  addThreads(command);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveNamedSettings(compareSettingsSchema, settingsOf(flags));
    const output = outputFor(flags);
    const request = gridRequest(settings);
    await refuseCompareOverlap(settings);
    const lock = await lockFolder(settings.out);
    const interrupt = listenForInterrupt(() => {
      output.say("stopping; finished runs are kept, and the same command goes on from there");
    });
    try {
      await compare(settings, request, output, runtimeFor(flags), interrupt.requested);
    } catch (error) {
      if (!(error instanceof CompareError) || error.code !== "stopped") throw error;
      setExitCode(exitCodes.interrupted);
    } finally {
      interrupt.dispose();
      await lock.release();
      // As for a run: one that was refused before it began leaves no folder behind.
      await rmdir(settings.out).catch(() => undefined);
    }
  });
};

/** @throws {UsageError} `usage` where the folder of results holds what they are made from */
function refuseCompareOverlap(settings: CompareSettings): Promise<void> {
  const { model, data, dev, test, settings: own, out } = settings;
  const inputs = Object.entries({ data, dev, test, settings: own });
  return refuseOverlap(
    [...modelInputs("--model", model), ...inputs.map(([name, path]) => ({ name: `--${name}`, path }))],
    {
      files: ["compare.html", "compare.json"].map((name) => ({
        name: `${name} of --out`,
        path: join(out, name),
      })),
      folders: [{ name: "the cells of --out", path: join(out, "cells") }],
    },
  );
}

async function compare(
  settings: CompareSettings,
  request: GridRequest,
  output: Output,
  runtime: InferenceRuntime,
  stopRequested: () => boolean,
): Promise<void> {
  const base = await openNodeCheckpoint(settings.model);
  try {
    const model = await prepareModel(base, runtime, settings);
    const read = (path: string): Promise<readonly Example[]> =>
      readExamples(model.task, fileRecords(path, settings));
    const splits = {
      train: await read(settings.data),
      dev: await read(settings.dev),
      test: await read(settings.test),
    };
    const bench = new Workbench(model, await base.digest(), splits);
    const store = await fileStore(settings, bench.baseDigest);
    const start = performance.now();
    let ran = 0;
    const rows = await runGrid(request, {
      store,
      run: (cell, what) =>
        runCell(bench, cell, {
          stopRequested,
          onStep: (step, steps) => {
            output.progress(`${what}: step ${step} of ${steps}`);
          },
          onEncoding: (done, total) => {
            output.progress(`${what}: frozen layers, ${done} of ${total} records`);
          },
        }),
      onCell: (done, total, isStored) => {
        if (!isStored) ran += 1;
        const pace = (performance.now() - start) / 1000 / Math.max(1, ran);
        const left = ran === 0 || done === total ? "" : `, about ${duration(pace * (total - done))} left`;
        if (!isStored) output.say(`${done} of ${total} runs done${left}`);
      },
      onRow: (row) => {
        for (const line of tableLines(comparisonTable([row], taskName(settings)))) output.say(line);
      },
    });
    const table = comparisonTable(rows, taskName(settings));
    await writePage(settings, request, { rows, table }, splits, model.task.labels.length);
    output.answer({ table, out: settings.out }, () => tableLines(table));
  } finally {
    await base.close();
  }
}

function gridRequest(settings: CompareSettings): GridRequest {
  const own = settings.settings === undefined ? {} : readMappingFile(settings.settings);
  const { delta, seeds, forwardPasses } = settings;
  return {
    variants: variantsOf(
      settings.methods.split(",").map((name) => name.trim()),
      own,
    ),
    epsilons: settings.epsilon.split(",").map(epsilonOf),
    delta,
    seeds,
    ...(forwardPasses !== undefined && { forwardPasses }),
  };
}

function epsilonOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new UsageError("usage", {
    message: `--epsilon has ${JSON.stringify(text)}.`,
    value: text,
    expected: "numbers above 0, separated by commas",
  });
}

/** Finished runs in a folder, one file each, under a name that says everything the result depends on. */
async function fileStore(settings: CompareSettings, baseDigest: string): Promise<CellStore> {
  const folder = nodeFolderWriter(join(settings.out, "cells"));
  const digests = [];
  for (const path of [settings.data, settings.dev, settings.test]) {
    digests.push(bytesToHex(sha256(await readFile(path))));
  }
  const about = [...Object.keys(columnsSchema.shape), ...Object.keys(taskConfigSchema.shape)];
  const task = Object.entries(settings).filter(([key]) => about.includes(key));
  const common = { format: "dpzo-cell/1", baseDigest, digests, ...Object.fromEntries(task) };
  const nameOf = (request: object): string => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...common, ...request }));
    return `${bytesToHex(sha256(bytes)).slice(0, 32)}.json`;
  };
  return {
    find: async (request) => {
      const text = await readFile(join(folder.name, nameOf(request)), "utf8").catch(() => undefined);
      return text === undefined ? undefined : storedResult(text);
    },
    keep: async (request, result) => {
      await folder.write(nameOf(request), textChunk(`${JSON.stringify({ request, result }, null, 2)}\n`));
    },
  };
}

const score = z.strictObject({ accuracy: z.number(), macroF1: z.number() });
const storedCell = z.object({
  result: z.strictObject({
    score,
    lossEvaluations: z.number(),
    forwardPasses: z.number(),
    steps: z.number(),
    directions: z.number(),
    epsilon: z.number().exactOptional(),
    noiseMultiplier: z.number().exactOptional(),
    seconds: z.number(),
  }),
});

/** A result as it was kept; a file that was damaged counts as none, and the run is done again. */
function storedResult(text: string): z.infer<typeof storedCell>["result"] | undefined {
  try {
    return storedCell.parse(JSON.parse(text)).result;
  } catch {
    return undefined;
  }
}

async function writePage(
  settings: CompareSettings,
  request: GridRequest,
  { rows, table }: { readonly rows: readonly GridRow[]; readonly table: ReturnType<typeof comparisonTable> },
  splits: Workbench["splits"],
  labels: number,
): Promise<void> {
  const { delta, seeds, forwardPasses } = request;
  const { train, dev, test } = splits;
  const truth = test.map(({ label }) => label);
  const { largerClass } = classificationMetrics(truth, truth, labels);
  const page = renderComparison({
    task: taskName(settings),
    baseName: basename(settings.model),
    rows,
    delta,
    seeds,
    ...(forwardPasses !== undefined && { forwardPasses }),
    records: { train: train.length, dev: dev.length, test: test.length },
    largerClass,
    versions: { dpzo: version, node: process.version },
  });
  const folder = nodeFolderWriter(settings.out);
  await folder.write("compare.html", textChunk(page));
  await folder.write("compare.json", textChunk(`${JSON.stringify({ delta, seeds, table }, null, 2)}\n`));
}

/** The task's name, or that of its training file. */
function taskName(settings: CompareSettings): string {
  return settings.task ?? basename(settings.data).replace(/\.[a-z]+$/u, "");
}

function tableLines(table: ReturnType<typeof comparisonTable>): readonly string[] {
  return table.map((row) => {
    const { mean, deviation } = row.accuracy;
    const spread = deviation === undefined ? "" : ` ± ${figure(100 * deviation, 1)}`;
    const budget = row.epsilon === undefined ? "" : ` epsilon ${row.epsilon}`;
    return (
      `${`${row.name}${budget}`.padEnd(28)} accuracy ${figure(100 * mean, 1)} %${spread}, ` +
      `macro-F1 ${figure(100 * row.macroF1.mean, 1)} %, ${row.steps} steps, ${Math.round(row.forwardPasses)} forward passes`
    );
  });
}
