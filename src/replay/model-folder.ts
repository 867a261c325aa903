import { mergedWeights, writePeftFolder } from "../adapter/index.js";
import type { Checkpoint } from "../checkpoint/index.js";
import { overflowingTensors, writeCheckpoint } from "../checkpoint/index.js";
import { type FolderWriter, oneChunk, textChunk } from "../files.js";
import {
  type Adapter,
  adapterInWords,
  describeModel,
  type ModelDescription,
  withAdapter,
} from "../model/index.js";
import { type Plan, planUnit, type RunPlan, unitWords } from "../plan/index.js";
import { type CheckedLedger, guaranteeInWords, type VerifiedLedger } from "../verify/index.js";
import type { Weights } from "./replay.js";
import { tensorOf } from "./stage-state.js";

/** Names of every tensor the plan trains, in any stage. */
export function trainedTensors(ledger: CheckedLedger): ReadonlySet<string> {
  return new Set(ledger.plan.stages.flatMap(({ tensors }) => tensors));
}

/**
 * Writes the fine-tuned checkpoint as a Hugging Face folder, with the ledger it was made from and a model card.
 *
 * Guarantees:
 * - A pure function of base, weights and ledger: training and `dpzo replay` write the same bytes.
 * - Tensors that were not trained keep their bytes; trained ones keep their dtype, rounded to nearest even, but for those
 *   that it cannot hold, which are F32: a budget is never spent on a result that cannot be written.
 * - Adapters are added to the weights they belong to, before that rounding, and are in `adapter/` for PEFT without it.
 *
 * @returns the tensors of the base that changed, before they were rounded
 */
export async function writeModelFolder(
  out: FolderWriter,
  base: Checkpoint,
  weights: Weights,
  ledger: CheckedLedger | VerifiedLedger,
  ledgerBytes: Uint8Array,
): Promise<ReadonlyMap<string, Float32Array>> {
  const description = planDescription(base, ledger.plan);
  const changed = await changedTensors(out, base, weights, ledger, description);
  const { tiedAliases, kind } = description;
  await writeCheckpoint(out, base, changed, { tiedAliases, overflow: "widen" });
  await out.write("ledger.jsonl", oneChunk(ledgerBytes));
  const card = modelCard(base.name, kind, ledger, overflowingTensors(base, changed));
  await out.write("README.md", textChunk(card));
  return changed;
}

/** The model that a plan trains: the checkpoint's, with the plan's adapters. */
export function planDescription(base: Checkpoint, { adapter }: CheckedLedger["plan"]): ModelDescription {
  const description = describeModel(base.config, new Set(base.tensors.keys()));
  return adapter === undefined ? description : withAdapter(description, adapter);
}

/** The tensors of the base that come out changed; writes adapters to a folder of their own. */
async function changedTensors(
  out: FolderWriter,
  base: Checkpoint,
  weights: Weights,
  ledger: CheckedLedger,
  description: ModelDescription,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { adapter } = description;
  const trained = new Set([...trainedTensors(ledger)].filter((name) => base.tensors.has(name)));
  // By name: iterating would widen every tensor of a model that is kept in 16 bits.
  const changed = new Map(
    [...weights.keys()].filter((name) => trained.has(name)).map((name) => [name, tensorOf(weights, name)]),
  );
  if (adapter === undefined) return changed;
  const adapters = new Set(adapter.tensors);
  const valuesOf = async (name: string): Promise<Float32Array> =>
    adapters.has(name) || trained.has(name) ? tensorOf(weights, name) : base.read(name);
  const baseName = shortName(base.name);
  await writePeftFolder(out.folder("adapter"), { description, baseName, trained: [...trained], valuesOf });
  return "modules" in adapter ? new Map([...changed, ...(await mergedWeights(adapter, valuesOf))]) : changed;
}

/** A model card: what was trained on how much, the guarantee or that there is none, and how to check it. */
function modelCard(
  baseName: string,
  kind: ModelDescription["kind"],
  ledger: CheckedLedger | VerifiedLedger,
  widened: readonly string[],
): string {
  const { plan } = ledger;
  const name = shortName(baseName);
  const isPrivate = "epsilon" in ledger;
  return `---
library_name: transformers
pipeline_tag: ${kind === "causal-lm" ? "text-generation" : "fill-mask"}
tags: [${isPrivate ? "differential-privacy, " : ""}zeroth-order, dpzo]
---
# ${name}, fine-tuned ${isPrivate ? "under differential privacy" : "without privacy"}

Fine-tuned with dpzo (${plan.method}, forward passes only) on ${trainedOn(plan)}.

| | |
| --- | --- |
${isPrivate ? guaranteeRows(ledger) : ""}| steps | ${ledger.steps} of ${ledger.plannedSteps} (${ledger.lostSteps} lost) |
| prompt | \`${plan.task.template.replaceAll("\n", "\\n")}\` |
${answerRow(plan.task)}
${plan.adapter === undefined ? "" : `| adapter | ${adapterInWords(plan.adapter)}; ${adapterPlace(plan.adapter)} |\n`}${widened.length === 0 ? "" : `| dtype | ${wideningWords(widened)} |\n`}| base digest | \`${plan.base.digest}\` |
| ledger's last hash | \`${ledger.finalHash}\` |

${(isPrivate ? guaranteeInWords(ledger) : [noGuarantee]).join("\n\n")}

${isPrivate ? "Check it: `dpzo verify --ledger ledger.jsonl --base BASE`. " : ""}Rebuild these weights from the base checkpoint:
\`dpzo replay --base BASE --ledger ledger.jsonl --out OUT\`.
`;
}

/** What a reader has to know of tensors that their own dtype could not hold. */
export function wideningWords(tensors: readonly string[]): string {
  const [first = "", ...others] = tensors;
  const named = others.length === 0 ? first : `${first} and ${others.length} more`;
  return (
    `${named} grew beyond the base's 16-bit dtype and ${others.length === 0 ? "is" : "are"} stored in float32; ` +
    "load the model in float32, as its config.json says"
  );
}

/** The records, or the units that they make up. */
function trainedOn(plan: RunPlan): string {
  const { publicSize } = plan.privacy;
  const { meaning } = unitWords(planUnit(plan));
  return meaning === undefined
    ? `${publicSize} private records`
    : `the private records of ${publicSize} units (a unit: ${meaning})`;
}

/** What stands in the place of `{mask}`. */
function answerRow(task: Plan["task"]): string {
  const listed = (labels: readonly string[], texts: readonly string[]): string =>
    labels.map((label, index) => `${label}: ${texts[index] ?? ""}`).join(", ");
  if ("labelWords" in task) return `| label words | ${listed(task.labels, task.labelWords)} |`;
  if ("options" in task) return `| options | ${listed(task.labels, task.options)} |`;
  return `| answer | written, up to the end of the line, at most ${task.answerTokens} tokens |`;
}

function adapterPlace({ kind }: Adapter): string {
  return kind === "lora"
    ? "merged into the weights, and by itself in `adapter/`"
    : "in `adapter/`, not in the weights";
}

/** The last part of a path. */
function shortName(path: string): string {
  return /([^\\/]+)[\\/]*$/u.exec(path)?.[1] ?? path;
}

function guaranteeRows({ plan, epsilon, delta }: VerifiedLedger): string {
  return `| epsilon | ${epsilon} |
| delta | ${delta} |
| neighbouring data sets | add or remove one ${unitWords(plan.privacy.unit).name} |
`;
}

const noGuarantee =
  "**This run gives no privacy.** Its ledger holds sums over the records without noise, and its weights are made of them: " +
  "keep both as private as the records themselves.";
