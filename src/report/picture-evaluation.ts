import { formatNumber, formatPercent, pixels } from "./format.js";
import type { AnswerScores, LabelEvaluation, PublicEvaluation } from "./input.js";
import { type Markup, markup } from "./markup.js";
import { linearScale } from "./scale.js";

const [left, right, barHeight] = [170, 740, 22];
const scale = linearScale([0, 1], [left, right]);

/** One figure of an evaluation, before and after. */
export interface Measured {
  readonly name: string;
  readonly zeroShot: number;
  readonly final: number;
}

/** The two figures of an evaluation, the more telling one first. */
export function measured({ zeroShot, final }: PublicEvaluation): readonly [Measured, Measured] {
  if ("accuracy" in zeroShot && "accuracy" in final) {
    return [
      { name: "accuracy", zeroShot: zeroShot.accuracy, final: final.accuracy },
      { name: "macro-F1", zeroShot: zeroShot.macroF1, final: final.macroF1 },
    ];
  }
  const [before, after] = [zeroShot as AnswerScores, final as AnswerScores];
  return [
    { name: "F1", zeroShot: before.f1, final: after.f1 },
    { name: "exact match", zeroShot: before.exactMatch, final: after.exactMatch },
  ];
}

/** Zero-shot against final on the public test set, with the larger class, where there are classes, as a mark. */
export function evaluationSection(evaluation: PublicEvaluation): Markup {
  const { description, count } = evaluation;
  const [{ name, zeroShot, final }] = measured(evaluation);
  const error = 1.96 * Math.sqrt((final * (1 - final)) / count);
  const larger = largerClassOf(evaluation);
  return markup`<section>
<h2>Results on public test data</h2>
<figure>
${evaluationPicture(evaluation)}
<figcaption>${description}: ${formatNumber(count)} records. ${sentenceCase(name)} ${formatPercent(zeroShot)} before
training, ${formatPercent(final)} after${
    larger === undefined
      ? "."
      : markup`; always answering the larger class gives
${formatPercent(larger)}.`
  } From the number of test records alone, the final ${name} is good to about ±
${formatNumber(100 * error, { digits: 2 })} points (95 %). The test records are public: the guarantee below does not
protect them.</figcaption>
</figure>
${"perClass" in evaluation ? perClassTable(evaluation) : undefined}
</section>`;
}

function largerClassOf(evaluation: PublicEvaluation): number | undefined {
  return "largerClass" in evaluation ? evaluation.largerClass : undefined;
}

function sentenceCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function evaluationPicture(evaluation: PublicEvaluation): Markup {
  const [first, second] = measured(evaluation);
  return markup`<svg viewBox="0 0 820 176" role="img" aria-labelledby="evaluation-title evaluation-description">
<title id="evaluation-title">Zero-shot and final results</title>
<desc id="evaluation-description">${sentenceCase(first.name)} ${formatPercent(first.zeroShot)} before and ${formatPercent(
    first.final,
  )} after training; ${second.name} ${formatPercent(second.zeroShot)} before and ${formatPercent(second.final)} after.</desc>
${bar(22, `${first.name}, zero-shot`, first.zeroShot, "before")}
${bar(50, `${first.name}, final`, first.final, "after")}
${largerClassMark(largerClassOf(evaluation))}
${bar(100, `${second.name}, zero-shot`, second.zeroShot, "before")}
${bar(128, `${second.name}, final`, second.final, "after")}
<line class="axis" x1="${pixels(left)}" x2="${pixels(left)}" y1="16" y2="156" />
${[0, 0.25, 0.5, 0.75, 1].map(percentTick)}
</svg>`;
}

function largerClassMark(largerClass: number | undefined): Markup | undefined {
  if (largerClass === undefined) return undefined;
  const mark = pixels(scale.at(largerClass));
  return markup`<line class="halo" x1="${mark}" x2="${mark}" y1="14" y2="80" />
<line class="larger-class" x1="${mark}" x2="${mark}" y1="14" y2="80" />
<text class="label" x="${mark}" y="10" text-anchor="middle">larger class ${formatPercent(largerClass)}</text>`;
}

function bar(top: number, name: string, value: number, className: string): Markup {
  const [end, middle] = [scale.at(value), pixels(top + barHeight / 2)];
  const figure = formatPercent(value);
  return markup`<text class="label" x="${pixels(left - 10)}" y="${middle}" dy="0.33em" text-anchor="end">${name}</text>
<rect class="${className}" x="${pixels(left)}" y="${pixels(top)}" width="${pixels(end - left)}" height="${pixels(barHeight)}" />
<text class="figure" x="${pixels(end + 8)}" y="${middle}" dy="0.33em">${figure}</text>`;
}

function percentTick(share: number): Markup {
  return markup`<text class="tick" x="${pixels(scale.at(share))}" y="170" text-anchor="middle">${formatPercent(share, 0)}</text>`;
}

function perClassTable({ perClass = [] }: LabelEvaluation): Markup | undefined {
  if (perClass.length === 0) return undefined;
  const rows = perClass.map(
    ({ label, count, zeroShotRecall, finalRecall }) => markup`<tr><th scope="row"><bdi>${label}</bdi></th>
<td class="number">${formatNumber(count)}</td><td class="number">${formatPercent(zeroShotRecall)}</td>
<td class="number">${formatPercent(finalRecall)}</td></tr>`,
  );
  return markup`<div class="scroll"><table>
<thead><tr><th>label</th><th class="number">test records</th><th class="number">found, zero-shot</th><th class="number">found, final</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}
