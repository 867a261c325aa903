import { gaussianDistance } from "./run.js";
import { at, line, path, type Picture, range, scale, text } from "./svg.js";

const panels = [1, 4, 8] as const;
const [width, height] = [900, 330];
const [left, gap, panelWidth, top, bottom] = [20, 20, 273, 96, 262];

function normal(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** The normal distribution function, by Simpson's rule. */
export function normalBelow(x: number): number {
  const steps = 400;
  const h = x / steps;
  let sum = normal(0) + normal(x);
  for (let i = 1; i < steps; i += 1) sum += (i % 2 === 1 ? 4 : 2) * normal(i * h);
  return 0.5 + (sum * h) / 3;
}

/** One Gaussian release on everybody, with and without one record. */
export function withAndWithout(): Picture {
  const body = [
    text(left, 26, "One noised number made from all records, with and without one of them", "ink bold"),
    text(left, 48, "without the record", "blue bold"),
    text(left + 176, 48, "with it", "orange bold"),
    text(left + 250, 48, "The dotted line is where a guess changes from one to the other.", "muted"),
    ...panels.flatMap((epsilon, i) => panel(epsilon, left + i * (panelWidth + gap))),
  ];
  return {
    width,
    height,
    title: "One release with and without one record, at epsilon 1, 4 and 8",
    description:
      "Three pairs of bell curves of equal width, shifted against each other by 0.27, 0.92 and 1.67 standard deviations. At epsilon 1 they nearly coincide, at epsilon 8 most of each lies beyond the other.",
    body,
  };
}

function panel(epsilon: number, from: number): string[] {
  const mu = gaussianDistance(epsilon);
  const x = scale([-3.2, 4.8], [from, from + panelWidth]);
  const y = scale([0, 0.44], [bottom, top]);
  const points = (mean: number): [number, number][] =>
    range(-3.2, 4.8, 161).map((v) => [x(v), y(normal(v - mean))]);
  const both = range(-3.2, 4.8, 161).map((v): [number, number] => [
    x(v),
    y(Math.min(normal(v), normal(v - mu))),
  ]);
  const right = 100 * normalBelow(mu / 2);
  const middle = from + panelWidth / 2;
  return [
    text(middle, 84, `epsilon ${epsilon}`, "ink bold", "middle"),
    path([[x(-3.2), bottom], ...both, [x(4.8), bottom]], "band"),
    path(points(0), "blue-line"),
    path(points(mu), "orange-line"),
    line(from, bottom, from + panelWidth, bottom, "axis"),
    `<line class="muted-line" stroke-dasharray="2 4" x1="${at(x(mu / 2))}" y1="${top}" x2="${at(x(mu / 2))}" y2="${bottom}"/>`,
    text(middle, bottom + 24, `${mu.toFixed(2)} standard deviations apart`, "ink small", "middle"),
    text(middle, bottom + 46, `best guess right in ${right.toFixed(0)} of 100 cases`, "ink small", "middle"),
  ];
}
