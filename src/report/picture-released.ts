import { area, axes, chart, chartFrame, dots, type Frame, strokes } from "./chart.js";
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
    ? "released value (differences of loss, summed over the batch)"
    : "root mean square of a step's released values (differences of loss, summed over the batch)";
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

/** Crosses closer than this many pixels would run together. */
const leastCrossDistance = 6;

/** A cross above the axis for every lost step, or for several that lie too close to draw each. */
function lostMarks(frame: Frame, lostSteps: readonly number[]): Markup {
  if (lostSteps.length === 0) return markup``;
  const crosses: string[] = [];
  let last = -Infinity;
  for (const x of lostSteps.map((step) => frame.x.at(step))) {
    if (x - last < leastCrossDistance) continue;
    crosses.push(`M${pixels(x - 3.5)} ${pixels(frame.bottom - 10)}l7 7m0 -7l-7 7`);
    last = x;
  }
  return markup`<path class="lost" d="${crosses.join("")}" />`;
}

function releasedCaption(summary: ReleasedSummary): Markup {
  const size = groupSize(summary.steps.length);
  const lost = summary.lostSteps.length;
  const grouping =
    size === 1
      ? undefined
      : ` Each upright stroke spans the least and the greatest of ${formatNumber(size)} neighbouring steps, its dot is
        their mean; a stroke leaves the band more easily than a single step.`;
  const stages =
    summary.stages.length === 1
      ? undefined
      : " Dashed uprights are the borders between stages; the band moves with a stage's clip threshold.";
  const crosses =
    lost === 0
      ? undefined
      : markup` Red crosses mark ${formatCount(lost, "lost step")}: a crash came between the noise and the disk, so the step is
        charged and changed nothing.`;
  const clip = summary.isClipAdaptive
    ? " Values are in units of the clip with which its stage starts: each step's are divided by its own clip first."
    : undefined;
  return markup`The grey band is where 19 of 20 steps would fall if the records had no influence at all and only noise
were released; steps leave it (orange) more often than that only when the records' answer to "does this change help?" is
heard through the noise.${stages}${clip}${grouping}${crosses}`;
}
