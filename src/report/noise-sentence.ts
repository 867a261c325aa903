import { formatCount, formatNumber, formatPercent } from "./format.js";
import { type Markup, markup } from "./markup.js";
import type { ReleasedSummary, StageStatistic } from "./released.js";

/** How far the share outside the band lies from the 5 % of pure noise; all of it is post-processing. */
export function noiseSentence({ stages, noise }: ReleasedSummary): Markup {
  const released = sumOf(stages, ({ released: count }) => count);
  if (released === 0)
    return markup`<p class="noise">No step was released, so there is nothing to set against the noise.</p>`;
  const outside = sumOf(stages, ({ outside: count }) => count);
  const share = outside / released;
  const reach = 1.96 * Math.sqrt((0.05 * 0.95) / released);
  return markup`<p class="noise"><strong>${formatPercent(share)} of steps leave the band</strong>
(${formatNumber(outside)} of ${formatCount(released, "released step")}). For noise alone it would be 5 %, give or take
${formatNumber(100 * reach, { digits: 2 })} points. ${verdict(share, reach)} ${powerSentence(stages, noise.squareVariance)}</p>`;
}

function verdict(share: number, reach: number): string {
  if (share > 0.05 + reach) return "So more steps than chance explains show something besides noise.";
  if (share < 0.05 - reach) return "Fewer than expected: chance alone does that in one run of 40.";
  return "By this share alone the releases look like noise; a signal that is small in each step still adds up.";
}

/** The mean square over all values in units of the noise's variance, with its own uncertainty. */
function powerSentence(stages: readonly StageStatistic[], squareVariance: number): string {
  const values = sumOf(stages, ({ released, directions }) => released * directions);
  const power = sumOf(stages, ({ sumOfSquares }) => sumOfSquares) / values;
  const reach = 1.96 * Math.sqrt(squareVariance / values);
  return `Over all ${formatNumber(values)} released values, the mean square is ${formatNumber(power, {
    digits: 3,
    padded: true,
  })} times the noise's variance (noise alone: 1 ± ${formatNumber(reach, { digits: 2 })}).`;
}

/** The same, stage by stage. */
export function stageReleases({ stages }: ReleasedSummary): Markup {
  const rows = stages.map((stage, index) => {
    const { first, last, released, lost, outside, sumOfSquares, directions } = stage;
    const share = released === 0 ? "–" : formatPercent(outside / released);
    const power =
      released === 0
        ? "–"
        : formatNumber(sumOfSquares / (released * directions), { digits: 3, padded: true });
    return markup`<tr><th scope="row">${String(index + 1)}</th><td class="number">${formatNumber(first)} – ${formatNumber(last)}</td>
<td class="number">${formatNumber(released)}</td><td class="number">${formatNumber(lost)}</td>
<td class="number">${share}</td><td class="number">${power}</td></tr>`;
  });
  return markup`<div class="scroll"><table>
<thead><tr><th>stage</th><th class="number">planned steps</th><th class="number">released</th><th class="number">lost</th>
<th class="number">outside the band</th><th class="number">mean square / noise variance</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

function sumOf(stages: readonly StageStatistic[], pick: (stage: StageStatistic) => number): number {
  return stages.reduce((sum, stage) => sum + pick(stage), 0);
}
