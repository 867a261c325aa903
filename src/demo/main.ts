import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { exitCodeOf, exitCodes } from "../cli/exit-codes.js";
import { tellError } from "../cli/main.js";
import { createOutput, duration, figure, type Output } from "../cli/output.js";
import { finalWords, runTraining, type RunMetrics } from "../cli/train-run.js";
import { trainConfigSchema } from "../plan/config.js";
import { namedTask, type TaskRecord } from "../tasks/index.js";
import { type MailCorpus, type MailRecord, prepareMailCorpus } from "./mail/index.js";
import { demoSettings } from "./settings.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The demo: the embedded masked language model, fine-tuned on the SpamAssassin mails within a privacy budget.
 *
 * Leaves `runs/demo/{model/,ledger.jsonl,report.html,metrics.json}`; run again, it goes on where it was stopped.
 *
 * @returns the process's exit code
 */
export async function runDemo(args: readonly string[]): Promise<number> {
  const output = createOutput(process, { json: args.includes("--json"), quiet: args.includes("--quiet") });
  try {
    output.say("preparing the SpamAssassin mails (subject and body; near-duplicates stay on one side)");
    const corpus = await prepareMailCorpus();
    output.say(
      `private     ${corpus.train.length} mails to train on; public: ${corpus.test.length} mails to test on`,
    );
    const metrics = await runTraining(demoRun(corpus), output);
    tellResult(output, metrics);
    return metrics.finished ? exitCodes.done : exitCodes.interrupted;
  } catch (error) {
    tellError(error);
    return exitCodeOf(error);
  }
}

function demoRun(corpus: MailCorpus): Parameters<typeof runTraining>[0] {
  const { template, labelWords } = namedTask("spam");
  const { maximumTokens, ...settings } = demoSettings;
  return {
    modelFolder: relative("models/minilm-mlm"),
    out: relative("runs/demo"),
    task: { template, labelWords, maximumTokens },
    config: trainConfigSchema.parse(settings),
    records: mailRecords(corpus.train),
    evaluation: { description: "SpamAssassin mails kept out of training", records: mailRecords(corpus.test) },
  };
}

/** Paths are shown and quoted in the report; from the repository itself they are short. */
function relative(path: string): string {
  return process.cwd() === repository.replace(/[\\/]$/u, "") ? path : join(repository, path);
}

async function* mailRecords(mails: readonly MailRecord[]): AsyncGenerator<TaskRecord> {
  for (const [index, { text, label }] of mails.entries()) {
    yield await Promise.resolve({ text, label, line: index + 1 });
  }
}

function tellResult(output: Output, metrics: RunMetrics): void {
  const { zeroShot, final, largerClass = 0 } = metrics;
  const percent = (value: number): string => `${figure(100 * value, 1)} %`;
  output.answer({ ...metrics }, () => [
    ...(zeroShot ? [`zero-shot   ${finalWords(zeroShot)}`] : []),
    ...(final ? [`final       ${finalWords(final)}`] : []),
    `            (always answering the larger class: accuracy ${percent(largerClass)})`,
    `guarantee   epsilon ${figure(metrics.epsilon ?? Infinity, 4)} at delta ${metrics.delta ?? 1}; ${metrics.steps} steps of ${metrics.plannedSteps}`,
    `took        ${duration(metrics.seconds)}, peak memory ${Math.round(metrics.peakMemoryBytes / 2 ** 20)} MiB`,
    `in runs/demo: model/ (a Hugging Face folder), ledger.jsonl, report.html, metrics.json`,
    `check it    npx dpzo verify --ledger runs/demo/ledger.jsonl --base models/minilm-mlm`,
    `rebuild it  npx dpzo replay --base models/minilm-mlm --ledger runs/demo/ledger.jsonl --out runs/replayed`,
  ]);
}
