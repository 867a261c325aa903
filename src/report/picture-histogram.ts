import { area, axes, chart, chartFrame, type Frame, polyline, type Point } from "./chart.js";
import { formatNumber } from "./format.js";
import type { Histogram } from "./histogram.js";
import { type Markup, markup } from "./markup.js";
import type { NoiseModel } from "./noise.js";

/** All released values, standardised, against the density of the noise. */
export function histogramPicture(histogram: Histogram, { density }: NoiseModel): Markup | undefined {
  const { total, limit, beyond } = histogram;
  if (total === 0) return undefined;
  const highest = Math.max(density(0), ...densities(histogram));
  const frame = chartFrame([-limit, limit], [0, highest * 1.08], 260);
  const names = {
    id: "histogram-picture",
    title: "All released values against the noise",
    description: `Histogram of ${formatNumber(total)} released values in units of the noise's standard deviation.`,
  };
  const picture = chart(frame, names, [
    axes(frame, { x: "released value / standard deviation of its noise", y: "density" }),
    area(frame, outline(histogram), "bars"),
    polyline(frame, noiseCurve(frame, density), "noise"),
  ]);
  const tail =
    beyond === 0 ? undefined : ` ${formatNumber(beyond)} beyond the edges are counted in the outermost bars.`;
  return markup`<figure>
<h3>All released values against the noise</h3>
${picture}
<figcaption>Bars: the ${formatNumber(total)} released values of all steps and directions. Line: what noise alone would
give. Bars that reach beyond the line at the sides show signal.${tail}</figcaption>
</figure>`;
}

function densities({ counts, total, binWidth }: Histogram): readonly number[] {
  return counts.map((count) => count / total / binWidth);
}

function outline(histogram: Histogram): (readonly [number, number, number])[] {
  return densities(histogram).flatMap((density, index) => {
    const left = -histogram.limit + index * histogram.binWidth;
    return [[left, 0, density] as const, [left + histogram.binWidth, 0, density] as const];
  });
}

function noiseCurve({ x }: Frame, density: NoiseModel["density"]): readonly Point[] {
  const [low, high] = x.domain;
  return Array.from({ length: 121 }, (_, index) => {
    const z = low + ((high - low) * index) / 120;
    return [z, density(z)];
  });
}
