import { noiseMultiplierOf, type Plan, type PlanStage, unitWords } from "../plan/index.js";
import { formatCount, formatExact, formatNumber } from "./format.js";
import type { MaskSummary } from "../replay/index.js";
import { unitMeaning } from "./guarantee.js";
import { type Markup, markup } from "./markup.js";
import { planAdditions } from "./plan-additions.js";

/** The whole plan, every field spelt out. */
export function planSection(
  plan: Plan,
  masks: readonly MaskSummary[] = [],
  clipThresholds: ReadonlyMap<number, number> = new Map(),
): Markup {
  return markup`<section>
<h2>The plan</h2>
<p>Made before the first step; nothing in it depends on what a record says. Figures are rounded to six digits here; the
ledger's first line has them exactly.</p>
<div class="scroll"><table class="plan">
<tbody>${planRows(plan)}</tbody>
</table></div>
<h3>Stages of the schedule</h3>
<div class="scroll"><table class="stages">
<thead><tr><th>stage</th><th class="number">steps</th><th class="number">learning rate</th><th class="number">smoothing</th>
<th class="number">directions</th><th class="number">clip threshold</th><th class="number">proximal pull</th><th>what is trained</th></tr></thead>
<tbody>${plan.stages.map(stageRow)}</tbody>
</table></div>
<p class="note">The ledger counts stages from 0. Smoothing is half the distance between the two points at which the loss
is measured; the clip threshold bounds the length of one ${unitWords(plan.privacy.unit).name}'s vector of differences.</p>
${planAdditions(plan, masks, clipThresholds)}
</section>`;
}

/** What stands in the place of `{mask}`. */
function answerRows(task: Plan["task"]): readonly Markup[] {
  if ("answerTokens" in task) {
    return [row("task.answerTokens", "longest answer", formatCount(task.answerTokens, "token"))];
  }
  const labels = row("task.labels", "labels", codes(task.labels));
  if ("options" in task) return [labels, row("task.options", "options", codes(task.options))];
  return [labels, row("task.labelWords", "label words", codes(task.labelWords))];
}

function planRows(plan: Plan): readonly Markup[] {
  const { base, task, privacy, sampling, mechanism, directions } = plan;
  const { name: unit } = unitWords(privacy.unit);
  const rate = formatNumber(sampling.numerator / sampling.denominator, { digits: 6 });
  const noise = formatNumber(noiseMultiplierOf(mechanism), { digits: 6 });
  return [
    row("format", "plan format", plan.format),
    row("method", "method", plan.method),
    row("base.architecture", "base model, architecture", base.architecture),
    row("base.digest", "base model, digest", code(base.digest)),
    row("task.template", "prompt", code(task.template)),
    ...answerRows(task),
    row("task.maximumTokens", "longest prompt", formatCount(task.maximumTokens, "token")),
    row(
      privacy.unit === "record" ? "privacy.unit" : "privacy.unit.column",
      "what is protected",
      unitMeaning(privacy) ?? "one record",
    ),
    row("privacy.neighbouring", "neighbouring data sets", privacy.neighbouring),
    row("privacy.publicSize", `number of ${unit}s (public)`, formatNumber(privacy.publicSize)),
    row("privacy.targetEpsilon", "budget, epsilon", formatNumber(privacy.targetEpsilon, { digits: 6 })),
    row("privacy.delta", "delta", formatExact(privacy.delta)),
    row(
      "privacy.epsilon",
      "epsilon of the whole plan",
      formatNumber(privacy.epsilon, { digits: 6, rounding: "up" }),
    ),
    row("sampling.kind", "sampling", sampling.kind),
    row("sampling.expectedBatch", "expected batch", `${formatNumber(sampling.expectedBatch)} ${unit}s`),
    row("sampling.numerator", "sampling rate, numerator", formatNumber(sampling.numerator)),
    row(
      "sampling.denominator",
      "sampling rate, denominator",
      `${formatNumber(sampling.denominator)} (the rate is ${rate})`,
    ),
    row("mechanism.kind", "noise", mechanism.kind),
    row(
      "mechanism.latticeSensitivity",
      "clip threshold in lattice units",
      formatNumber(mechanism.latticeSensitivity),
    ),
    mechanism.kind === "discrete-gaussian"
      ? row(
          "mechanism.standardDeviation",
          "noise's standard deviation in lattice units",
          `${formatNumber(mechanism.standardDeviation)} (the noise multiplier is ${noise})`,
        )
      : row(
          "mechanism.scale",
          "scale of the Laplace noise in lattice units",
          `${formatNumber(mechanism.scale)} (its standard deviation is ${noise} times the sensitivity)`,
        ),
    row("directions.distribution", "distribution of directions", directions.distribution),
    row("directions.runSeed", "seed of directions (public)", code(directions.runSeed)),
  ];
}

function row(field: string, name: string, value: Markup | string): Markup {
  return markup`<tr data-field="${field}"><th scope="row">${name}</th><td>${value}</td></tr>
`;
}

/** Text from outside: set apart, its spaces kept, its direction kept to itself. */
function code(text: string): Markup {
  return markup`<code><bdi>${text}</bdi></code>`;
}

function codes(texts: readonly string[]): Markup {
  return markup`${texts.map((text, index) => [index === 0 ? "" : " ", code(text)])}`;
}

function stageRow(stage: PlanStage, index: number): Markup {
  const cell = (field: string, value: string): Markup =>
    markup`<td class="number" data-field="stages.${String(index)}.${field}">${value}</td>`;
  const six = (value: number): string => formatNumber(value, { digits: 6 });
  return markup`<tr><th scope="row">${String(index + 1)}</th>
${cell("steps", formatNumber(stage.steps))}${cell("learningRate", six(stage.learningRate))}
${cell("smoothing", six(stage.smoothing))}${cell("directions", formatNumber(stage.directions))}
${cell("clipThreshold", six(stage.clipThreshold))}${cell("proximal", six(stage.proximal))}
<td><span data-field="stages.${String(index)}.train">${code(stage.train)}</span> ${tensorList(stage, index)}</td></tr>
`;
}

function tensorList({ tensors }: PlanStage, index: number): Markup {
  return markup`<details data-field="stages.${String(index)}.tensors"><summary>${formatCount(tensors.length, "tensor")}</summary>
<ul>${tensors.map((name) => markup`<li>${code(name)}</li>`)}</ul></details>`;
}
