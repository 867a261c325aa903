import { formatNumber, formatPercent, pixels } from "./format.js";
import type { PublicEvaluation } from "./input.js";
import { type Markup, markup } from "./markup.js";
import { linearScale } from "./scale.js";

const [left, right, barHeight] = [170, 740, 22];
const scale = linearScale([0, 1], [left, right]);

/** Zero-shot against final on the public test set, with the larger class as a mark. */
export function evaluationSection(evaluation: PublicEvaluation): Markup {
  const { description, count, zeroShot, final, largerClass } = evaluation;
  const error = 1.96 * Math.sqrt((final.accuracy * (1 - final.accuracy)) / count);
  return markup`<section>
<h2>Results on public test data</h2>
<figure>
${evaluationPicture(evaluation)}
<figcaption>${description}: ${formatNumber(count)} records. Accuracy ${formatPercent(zeroShot.accuracy)} before
training, ${formatPercent(final.accuracy)} after; always answering the larger class gives
${formatPercent(largerClass)}. From the number of test records alone, the final accuracy is good to about ±
${formatNumber(100 * error, { digits: 2 })} points (95 %). The test records are public: the guarantee below does not
protect them.</figcaption>
</figure>
${perClassTable(evaluation)}
</section>`;
}

function evaluationPicture({ zeroShot, final, largerClass }: PublicEvaluation): Markup {
  const mark = pixels(scale.at(largerClass));
  return markup`<svg viewBox="0 0 820 176" role="img" aria-labelledby="evaluation-title evaluation-description">
<title id="evaluation-title">Zero-shot and final results</title>
<desc id="evaluation-description">Accuracy ${formatPercent(zeroShot.accuracy)} before and ${formatPercent(
    final.accuracy,
  )} after training; macro-F1 ${formatPercent(zeroShot.macroF1)} before and ${formatPercent(final.macroF1)} after.</desc>
${bar(22, "accuracy, zero-shot", zeroShot.accuracy, "before")}
${bar(50, "accuracy, final", final.accuracy, "after")}
<line class="halo" x1="${mark}" x2="${mark}" y1="14" y2="80" />
<line class="larger-class" x1="${mark}" x2="${mark}" y1="14" y2="80" />
<text class="label" x="${mark}" y="10" text-anchor="middle">larger class ${formatPercent(largerClass)}</text>
${bar(100, "macro-F1, zero-shot", zeroShot.macroF1, "before")}
${bar(128, "macro-F1, final", final.macroF1, "after")}
<line class="axis" x1="${pixels(left)}" x2="${pixels(left)}" y1="16" y2="156" />
${[0, 0.25, 0.5, 0.75, 1].map(percentTick)}
</svg>`;
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

function perClassTable({ perClass = [] }: PublicEvaluation): Markup | undefined {
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
