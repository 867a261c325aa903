import { formatCount, formatExact, formatNumber, formatPercent } from "./format.js";
import { guaranteeSection, unitMeaning, upperEpsilon } from "./guarantee.js";
import { histogramOf } from "./histogram.js";
import type { ReportInput } from "./input.js";
import type { LedgerEntry } from "../ledger/index.js";
import { htmlPage } from "./html-page.js";
import { type Markup, markup } from "./markup.js";
import { noiseSentence, stageReleases } from "./noise-sentence.js";
import { unitWords } from "../plan/index.js";
import { clipThresholdsSoFar } from "../replay/index.js";
import { epsilonPicture, lastStepsOf } from "./picture-epsilon.js";
import { evaluationSection, measured } from "./picture-evaluation.js";
import { histogramPicture } from "./picture-histogram.js";
import { releasedPicture } from "./picture-released.js";
import { planSection } from "./plan-table.js";
import { differencesOf, type ReleasedSummary, summariseReleases } from "./released.js";

/**
 * The report of a run as one self-contained HTML file: no script, nothing to fetch, the same text for the same input.
 *
 * Guarantees:
 * - It is computed from public values alone: the plan, the released values and a public test set.
 * - No string that is put in can become markup, and the page forbids scripts and loading anything.
 * - Upper bounds on epsilon are rounded up, lower bounds down.
 * - Its size does not grow with the number of steps beyond about a hundred kilobytes.
 *
 * @param input plan and entries of a verified ledger, and what is known in public about the run
 * @throws {ReportError} `entry-outside-plan` when an entry's step, stage or number of values is not the plan's
 * @example
 * const page = renderReport({ plan, entries, epsilonCurve: [{ step: 500, epsilon: 3.99 }], epsilonLower: 3.98,
 *   ledgerHash, baseName: "minilm-mlm", runtime: { name: "onnxruntime-node", version: "1.30.0" },
 *   verifyCommand: "npx dpzo verify --ledger ledger.jsonl", replayCommand: "npx dpzo replay ...", versions: {} });
 */
export function renderReport(input: ReportInput): string {
  const summary = summariseReleases(input.plan, input.entries);
  return htmlPage(
    `dpzo report: ${input.baseName}`,
    markup`<h1>Report of a private fine-tune</h1>
${lead(input, summary)}
${input.evaluation && evaluationSection(input.evaluation)}
${guaranteeSection(input)}
${planSection(input.plan, input.masks, clipThresholdsSoFar(input.plan, input.entries))}
${releasesSection(input, summary)}
${commandsSection(input)}`,
  );
}

function lead({ plan, entries, baseName, evaluation }: ReportInput, { lostSteps }: ReleasedSummary): Markup {
  const { epsilon, delta, publicSize, unit } = plan.privacy;
  const { name } = unitWords(unit);
  const meaning = unitMeaning(plan.privacy);
  const total = lastStepsOf(plan).at(-1) ?? 0;
  const steps =
    entries.length === total
      ? formatCount(total, "step")
      : `${formatNumber(entries.length)} of ${formatCount(total, "planned step")}`;
  const lost =
    lostSteps.length === 0
      ? undefined
      : markup` ${formatCount(lostSteps.length, "step was", "steps were")} lost in a crash: charged, nothing applied.`;
  return markup`<p class="lead"><strong><bdi>${baseName}</bdi></strong> was fine-tuned on
${formatCount(publicSize, `private ${name}`)} (a public figure${meaning && markup`; a unit is ${meaning}`}) in ${steps} of ${methodName(plan.method)}, seeing each
${name} only through noise. Whether any one ${name} took part stays hidden: <strong>epsilon ${upperEpsilon(epsilon)} at
delta ${formatExact(delta)}</strong>.${evaluation && outcome(evaluation)}${lost}</p>`;
}

function outcome(evaluation: NonNullable<ReportInput["evaluation"]>): Markup {
  const [{ name, zeroShot, final }] = measured(evaluation);
  return markup` On ${formatCount(evaluation.count, "public test record")} its ${name} went from ${formatPercent(
    zeroShot,
  )} to <strong>${formatPercent(final)}</strong>.`;
}

function methodName(method: string): string {
  return method.toUpperCase();
}

function releasesSection(input: ReportInput, summary: ReleasedSummary): Markup {
  return markup`<section>
<h2>What was spent and what was released</h2>
${epsilonPicture(input)}
${releasedPicture(summary)}
${noiseSentence(summary)}
${summary.stages.length > 1 ? stageReleases(summary) : undefined}
${histogramPicture(histogramOf(differenceEntries(input), summary.noise.standardDeviation), summary.noise)}
</section>`;
}

/** The entries without the counts that a clip follows. */
function differenceEntries({ plan, entries }: ReportInput): readonly LedgerEntry[] {
  return entries.map(({ values, ...entry }) =>
    values === undefined ? entry : { ...entry, values: differencesOf(plan, entry.stage, values) },
  );
}

function commandsSection(input: ReportInput): Markup {
  const { verifyCommand, replayCommand, ledgerHash, runtime, versions } = input;
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return markup`<section>
<h2>Check it yourself</h2>
<p>Check the ledger's chain of hashes and compute epsilon anew from it:</p>
<pre><code>${verifyCommand}</code></pre>
<p>Rebuild the trained weights from base model and ledger, to the same bytes:</p>
<pre><code>${replayCommand}</code></pre>
<p>The hash of the ledger's last line, which stands for all of it:</p>
<pre><code>${ledgerHash}</code></pre>
<footer class="note">Model evaluated by ${runtime.name} ${runtime.version}.
${software.length > 0 ? `Made with ${software.join(", ")}.` : undefined}</footer>
</section>`;
}
