import { area, axes, chart, chartFrame, dots, type Frame, label, strokes } from "./chart.js";
import { formatCount, formatNumber, pixels } from "./format.js";
import { type Markup, markup } from "./markup.js";
import type { ReleasedSummary } from "./released.js";
import { paddedExtent } from "./scale.js";
import { stageMarks } from "./stage-marks.js";
import { groupSize, groupSteps } from "./thin.js";

/** The released values over steps, against the band they would keep if there were noise and nothing else. */
export function releasedPicture(summary: ReleasedSummary): Markup {
  const total = summary.stages.at(-1)?.last ?? 1;
  const frame = chartFrame([0.5, total + 0.5], valueDomain(summary), 340);
  const names = {
    id: "released-picture",
    title: "Released values over steps",
    description: `${formatCount(summary.steps.length, "released step")} and ${formatCount(
      summary.lostSteps.length,
      "lost step",
    )} against the band of noise without signal.`,
  };
  const picture = chart(frame, names, [
    axes(frame, { x: "step", y: axisName(summary), wholeX: true }),
    area(frame, bandOutline(summary), "band"),
    stageMarks(
      frame,
      summary.stages.map(({ last }) => last),
    ),
    stepMarks(frame, summary),
    lostMarks(frame, summary.lostSteps),
  ]);
  return markup`<figure>
<h3>Released values over steps</h3>
${picture}
<figcaption>${releasedCaption(summary)}</figcaption>
</figure>`;
}

function axisName({ kind }: ReleasedSummary): string {
  return kind === "value"
    ? "released value (loss difference, summed over the batch)"
    : "root mean square of the step's released values";
}

function valueDomain({ stages, steps }: ReleasedSummary): readonly [number, number] {
  const bands = stages.flatMap(({ band }) => band);
  return paddedExtent([...bands, ...steps.map(({ value }) => value)], 0.08);
}

function bandOutline({ stages }: ReleasedSummary): (readonly [number, number, number])[] {
  return stages.flatMap(({ first, last, band: [low, high] }) => [
    [first - 0.5, low, high] as const,
    [last + 0.5, low, high] as const,
  ]);
}

/** One dot a step while they fit; otherwise a stroke from least to greatest and a dot at the mean. */
function stepMarks(frame: Frame, { steps }: ReleasedSummary): Markup {
  const size = groupSize(steps.length);
  if (size === 1) {
    const pointsWhere = (isOutside: boolean): (readonly [number, number])[] =>
      steps.filter((step) => step.isOutside === isOutside).map(({ step, value }) => [step, value]);
    return markup`${dots(frame, pointsWhere(false), "inside")}${dots(frame, pointsWhere(true), "outside")}`;
  }
  const groups = groupSteps(steps, size).map((group) => ({
    ...group,
    x: (group.firstStep + group.lastStep) / 2,
  }));
  const ranges = groups.map(({ x, low, high }) => [x, low, high] as const);
  const means = groups.map(({ x, mean }) => [x, mean] as const);
  return markup`${strokes(frame, ranges, "range")}${dots(frame, means, "mean")}`;
}

/** A cross on the axis for every lost step; those that would fall on one pixel are drawn once. */
function lostMarks(frame: Frame, lostSteps: readonly number[]): Markup {
  if (lostSteps.length === 0) return markup``;
  const columns = new Set(lostSteps.map((step) => Math.round(frame.x.at(step))));
  const crosses = [...columns].map((x) => {
    const [left, top] = [pixels(x - 3.5), pixels(frame.bottom - 10)];
    return `M${left} ${top}l7 7m0 -7l-7 7`;
  });
  const first = [Math.min(...lostSteps.slice(0, 1)), frame.y.domain[0]] as const;
  return markup`<path class="lost" d="${crosses.join("")}" />${label(frame, first, "lost", { dx: 7, dy: -4 })}`;
}

function releasedCaption(summary: ReleasedSummary): Markup {
  const size = groupSize(summary.steps.length);
  const lost = summary.lostSteps.length;
  const grouping =
    size === 1
      ? undefined
      : ` Each upright stroke spans the least and the greatest of ${formatNumber(size)} neighbouring steps, its dot is
        their mean; single strokes leave the band more easily than single steps.`;
  const crosses =
    lost === 0
      ? undefined
      : markup` Crosses mark ${formatCount(lost, "lost step")}: a crash came between the noise and the disk, so the step is
        charged and changed nothing.`;
  return markup`The grey band is where 95 % of steps would fall if the records had no influence at all and only noise was
released; a step outside it (orange) is one in which the records' answer to the question "does this change help?" was
louder than the noise usually is.${grouping}${crosses}`;
}
