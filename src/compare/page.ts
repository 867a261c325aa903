import { formatExact, formatNumber, formatPercent, pixels } from "../report/format.js";
import { htmlPage } from "../report/html-page.js";
import { type Markup, markup } from "../report/markup.js";
import { linearScale, niceTicks, paddedExtent } from "../report/scale.js";
import type { GridRow } from "./grid.js";
import { paperSource } from "./published.js";
import type { Spread } from "./summary.js";
import { comparisonTable, type TableRow } from "./table.js";

/** What a comparison's page is made of. */
export interface ComparisonPage {
  readonly task: string;
  readonly baseName: string;
  readonly rows: readonly GridRow[];
  readonly delta: number;
  readonly seeds: number;
  readonly forwardPasses?: number;
  /** Records of the three splits. */
  readonly records: { readonly train: number; readonly dev: number; readonly test: number };
  readonly largerClass: number;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * A comparison as one self-contained HTML file: picture, table, and how to read both. No script, nothing to fetch.
 *
 * @example
 * const html = renderComparison({ task: "sst2", baseName: "minilm-mlm", rows, delta: 1e-5, seeds: 3,
 *   records: { train: 6920, dev: 872, test: 1821 }, largerClass: 0.5, versions: {} });
 */
export function renderComparison(page: ComparisonPage): string {
  const rows = comparisonTable(page.rows, page.task);
  return htmlPage(
    `dpzo compare: ${page.task}`,
    markup`<h1>Methods side by side</h1>
${lead(page, rows)}
${picture(page, rows)}
${table(rows)}
${notes(page, rows)}`,
  );
}

function lead({ task, baseName, delta, seeds, records }: ComparisonPage, rows: readonly TableRow[]): Markup {
  const best = rows.reduce<TableRow | undefined>(
    (leader, row) =>
      row.accuracy.mean > (leader?.accuracy.mean ?? -1) && row.epsilon !== undefined ? row : leader,
    undefined,
  );
  const most =
    best &&
    markup` Best with privacy: <strong>${best.name}</strong> at epsilon
${formatExact(best.epsilon ?? 0)}, <strong>${formatPercent(best.accuracy.mean)}</strong>.`;
  return markup`<p class="lead"><strong><bdi>${baseName}</bdi></strong> on <strong><bdi>${task}</bdi></strong>: trained on
${formatNumber(records.train)} records, settings chosen on ${formatNumber(records.dev)}, figures of
${formatNumber(records.test)} others. Delta ${formatExact(delta)}, ${formatNumber(seeds)} seeds.${most}</p>`;
}

const [left, right, top, rowHeight] = [230, 740, 30, 26];

/** Every run as a dot and every mean as a stroke. */
function picture(page: ComparisonPage, rows: readonly TableRow[]): Markup {
  const values = [page.largerClass, ...rows.flatMap(({ accuracy }) => [accuracy.least, accuracy.largest])];
  const [low, high] = paddedExtent(values, 0.06);
  const domain = [Math.max(0, low), Math.min(1, high)] as const;
  const x = linearScale(domain, [left, right]);
  const bottom = top + rows.length * rowHeight;
  const ticks = niceTicks(domain, 6).map((tick) => {
    const at = pixels(x.at(tick));
    return markup`<line class="grid" x1="${at}" x2="${at}" y1="${pixels(top)}" y2="${pixels(bottom)}" />
<text class="tick" x="${at}" y="${pixels(bottom + 18)}" text-anchor="middle">${formatPercent(tick, 0)}</text>`;
  });
  const larger = pixels(x.at(page.largerClass));
  const marks = rows.map((row, index) => {
    const y = pixels(top + (index + 0.5) * rowHeight);
    const runs = page.rows[index]?.runs ?? [];
    const mean = pixels(x.at(row.accuracy.mean));
    const [from, to] = [pixels(top + index * rowHeight + 5), pixels(top + (index + 1) * rowHeight - 5)];
    return markup`<text class="label" x="${pixels(left - 10)}" y="${y}" dy="0.33em" text-anchor="end">${rowName(row)}</text>
<path class="mark" d="${runs.map(({ score }) => `M${pixels(x.at(score.accuracy))} ${y}h0`).join("")}" />
<line class="mean" x1="${mean}" x2="${mean}" y1="${from}" y2="${to}" />`;
  });
  return markup`<figure><svg viewBox="0 0 820 ${pixels(bottom + 30)}" role="img" aria-labelledby="compare-title compare-description">
<title id="compare-title">Accuracy by method</title>
<desc id="compare-description">${rows.map((row) => `${rowName(row)}: ${formatPercent(row.accuracy.mean)}. `)}</desc>
${ticks}
<line class="larger-class" x1="${larger}" x2="${larger}" y1="${pixels(top - 6)}" y2="${pixels(bottom)}" />
<text class="label" x="${larger}" y="${pixels(top - 12)}" text-anchor="middle">larger class ${formatPercent(page.largerClass)}</text>
${marks}
</svg><figcaption>Accuracy on test: a dot a run, a stroke at the mean.</figcaption></figure>`;
}

function rowName({ name, epsilon }: TableRow): string {
  return epsilon === undefined ? name : `${name}, epsilon ${formatExact(epsilon)}`;
}

function table(rows: readonly TableRow[]): Markup {
  const hasPublished = rows.some(({ published }) => published !== undefined);
  const cells = rows.map(
    (row) => markup`<tr><th scope="row"><bdi>${row.name}</bdi></th>
<td class="number">${row.epsilon === undefined ? (row.steps === 0 ? "−" : "none") : formatExact(row.epsilon)}</td>
<td class="number">${spreadWords(row.accuracy)}</td>
<td class="number">${spreadWords(row.macroF1)}</td>
<td class="number">${formatNumber(row.steps)}</td>
<td class="number">${formatNumber(row.directions)}</td>
<td class="number">${formatNumber(Math.round(row.lossEvaluations))}</td>
<td class="number">${formatNumber(Math.round(row.forwardPasses))}</td>
${hasPublished ? markup`<td class="number">${row.published ? formatPercent(row.published.accuracy) : "−"}</td>` : undefined}
</tr>`,
  );
  return markup`<div class="scroll"><table>
<thead><tr><th>method</th><th class="number">epsilon</th><th class="number">accuracy</th><th class="number">macro-F1</th>
<th class="number">steps</th><th class="number">directions</th><th class="number">losses evaluated</th>
<th class="number">forward passes</th>${hasPublished ? markup`<th class="number">the paper's</th>` : undefined}</tr></thead>
<tbody>${cells}</tbody>
</table></div>`;
}

/** `73.9 % ± 0.9`: mean and standard deviation over seeds. */
function spreadWords({ mean, deviation }: Spread): string {
  return deviation === undefined
    ? formatPercent(mean)
    : `${formatPercent(mean)} ± ${(100 * deviation).toFixed(1)}`;
}

function notes({ forwardPasses, seeds, versions }: ComparisonPage, rows: readonly TableRow[]): Markup {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const budget =
    forwardPasses === undefined
      ? "No limit on forward passes was set."
      : `Each run may do ${formatNumber(forwardPasses)} forward passes; a method that reaches its steps before does fewer.`;
  return markup`<h2>How to read this</h2>
<ul>
<li>Figures are mean and standard deviation over ${formatNumber(seeds)} runs with seeds of their own for the directions, and
fresh sampling and noise in each.</li>
<li>Settings were chosen by one more run each on dev, with a seed of its own; test was looked at afterwards.</li>
<li>A forward pass is one record through the whole model. What the frozen stages answer is kept, and counts once a record;
a loss that needs the head alone counts by its share of the multiplications. ${budget}</li>
<li><strong>No epsilon of this page is of the whole page.</strong> Each is of one run. Running many on the same private
records, and choosing among them, spends more; compare methods on public records.</li>
${rows.some(({ published }) => published) ? markup`<li>The paper's: ${paperSource}. Another model and another delta: beside ours, not against them.</li>` : undefined}
</ul>
<h2>Settings that were chosen</h2>
<ul>${rows.filter(({ steps }) => steps > 0).map((row) => markup`<li>${rowName(row)}: ${row.settings}</li>`)}</ul>
<footer class="note">${software.length > 0 ? `Made with ${software.join(", ")}.` : undefined}</footer>`;
}
