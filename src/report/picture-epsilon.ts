import type { Plan } from "../plan/index.js";
import { axes, chart, chartFrame, dots, label, level, polyline, type Point } from "./chart.js";
import { formatCount, formatNumber } from "./format.js";
import type { ReportInput } from "./input.js";
import { type Markup, markup } from "./markup.js";
import { stageMarks } from "./stage-marks.js";

/** Epsilon spent over the steps of the plan, against the budget. */
export function epsilonPicture({ plan, epsilonCurve }: ReportInput): Markup {
  const lastSteps = lastStepsOf(plan);
  const total = lastSteps.at(-1) ?? 1;
  const finite = epsilonCurve.filter(({ epsilon }) => Number.isFinite(epsilon));
  const points: Point[] = finite.map(({ step, epsilon }) => [step, epsilon]);
  if (points[0]?.[0] !== 0) points.unshift([0, 0]);
  const budget = plan.privacy.targetEpsilon;
  const highest = Math.max(budget, ...points.map(([, epsilon]) => epsilon));
  const frame = chartFrame([0, total], [0, highest * 1.12], 300);
  const names = {
    id: "epsilon-picture",
    title: "Epsilon over steps",
    description: `Upper bound on epsilon after each number of steps; the plan has ${formatCount(total, "step")}.`,
  };
  const picture = chart(frame, names, [
    axes(frame, { x: "steps", y: "epsilon spent (upper bound)", wholeX: true }),
    stageMarks(frame, lastSteps),
    level(frame, budget, "budget"),
    label(frame, [0, budget], `budget ${formatNumber(budget)}`, { dx: 6, dy: -6 }),
    polyline(frame, points, "curve"),
    dots(frame, points, "mark"),
  ]);
  return markup`<figure>
<h3>Epsilon over steps</h3>
${picture}
<figcaption>How the guarantee weakens with every released step, at delta fixed: computed at the dots, joined by
straight lines.${lastSteps.length > 1 ? " Dashed uprights are the borders between stages of the schedule." : undefined} All figures follow from the plan alone,
not from the records.</figcaption>
</figure>`;
}

/** The last step of every stage. */
export function lastStepsOf(plan: Plan): readonly number[] {
  let last = 0;
  return plan.stages.map(({ steps }) => (last += steps));
}
