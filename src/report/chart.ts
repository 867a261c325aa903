import { formatNumber, pixels } from "./format.js";
import { type Markup, markup } from "./markup.js";
import { linearScale, niceTicks, type Scale } from "./scale.js";

/** A plotting area with a scale in each direction. Pictures are as wide as the page's text. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
}

/** A point in quantities, not in pixels. */
export type Point = readonly [x: number, y: number];

/** Lays out a frame for the given domains. */
export function chartFrame(
  xDomain: readonly [number, number],
  yDomain: readonly [number, number],
  height: number,
): Frame {
  const [width, left, right, top] = [820, 64, 786, 44];
  const bottom = height - 44;
  const x = linearScale(xDomain, [left, right]);
  const y = linearScale(yDomain, [bottom, top]);
  return { width, height, left, right, top, bottom, x, y };
}

/** A whole picture, with a title and a description for those who cannot see it. */
export function chart(
  frame: Frame,
  names: { readonly id: string; readonly title: string; readonly description: string },
  content: readonly Markup[],
): Markup {
  const { id, title, description } = names;
  const viewBox = `0 0 ${pixels(frame.width)} ${pixels(frame.height)}`;
  return markup`<svg viewBox="${viewBox}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${content}
</svg>`;
}

/** Both axes with ticks, grid lines and labels. */
export function axes(
  frame: Frame,
  labels: { readonly x: string; readonly y: string; readonly wholeX?: boolean },
): Markup {
  const middle = (frame.left + frame.right) / 2;
  return markup`${yAxis(frame)}${xAxis(frame, labels.wholeX === true)}
<text class="axis-label" x="${pixels(middle)}" y="${pixels(frame.height - 6)}" text-anchor="middle">${labels.x}</text>
<text class="axis-label" x="8" y="14">${labels.y}</text>`;
}

function yAxis({ y, left, right }: Frame): Markup {
  const ticks = niceTicks(y.domain, 5).map((tick) => {
    const at = pixels(y.at(tick));
    return markup`<line class="grid" x1="${pixels(left)}" x2="${pixels(right)}" y1="${at}" y2="${at}" />
<text class="tick" x="${pixels(left - 8)}" y="${at}" dy="0.33em" text-anchor="end">${formatNumber(tick)}</text>`;
  });
  return markup`${ticks}`;
}

function xAxis({ x, left, right, bottom }: Frame, whole: boolean): Markup {
  const ticks = niceTicks(x.domain, 8, whole).map((tick) => {
    const at = pixels(x.at(tick));
    return markup`<line class="axis" x1="${at}" x2="${at}" y1="${pixels(bottom)}" y2="${pixels(bottom + 5)}" />
<text class="tick" x="${at}" y="${pixels(bottom + 18)}" text-anchor="middle">${formatNumber(tick)}</text>`;
  });
  const base = pixels(bottom);
  return markup`<line class="axis" x1="${pixels(left)}" x2="${pixels(right)}" y1="${base}" y2="${base}" />${ticks}`;
}

/** A line through points, in order. */
export function polyline(frame: Frame, points: readonly Point[], className: string): Markup {
  if (points.length === 0) return markup``;
  return markup`<path class="${className}" d="M${points.map((point) => place(frame, point)).join("L")}" />`;
}

/** The area between two lines over the same x. */
export function area(
  frame: Frame,
  points: readonly (readonly [x: number, low: number, high: number])[],
  className: string,
): Markup {
  if (points.length === 0) return markup``;
  const upper = points.map(([x, , high]) => place(frame, [x, high]));
  const lower = points.map(([x, low]) => place(frame, [x, low])).reverse();
  return markup`<path class="${className}" d="M${[...upper, ...lower].join("L")}Z" />`;
}

/** Dots of one kind as a single path: zero-length strokes with round ends, a dozen bytes each. */
export function dots(frame: Frame, points: readonly Point[], className: string): Markup {
  if (points.length === 0) return markup``;
  return markup`<path class="${className}" d="${points.map((point) => `M${place(frame, point)}h0`).join("")}" />`;
}

/** Upright strokes from `low` to `high` at `x`, as a single path. */
export function strokes(
  frame: Frame,
  lines: readonly (readonly [x: number, low: number, high: number])[],
  className: string,
): Markup {
  if (lines.length === 0) return markup``;
  const path = lines.map(([x, low, high]) => `M${place(frame, [x, low])}V${pixels(frame.y.at(high))}`);
  return markup`<path class="${className}" d="${path.join("")}" />`;
}

/** A line across the whole picture at height `y`. */
export function level(frame: Frame, y: number, className: string): Markup {
  return polyline(
    frame,
    [
      [frame.x.domain[0], y],
      [frame.x.domain[1], y],
    ],
    className,
  );
}

/** Text at a point, moved by some pixels. */
export function label(
  frame: Frame,
  [x, y]: Point,
  text: string,
  options: { readonly dx?: number; readonly dy?: number; readonly anchor?: "start" | "middle" | "end" } = {},
): Markup {
  const { dx = 0, dy = 0, anchor = "start" } = options;
  const [left, top] = [pixels(frame.x.at(x) + dx), pixels(frame.y.at(y) + dy)];
  return markup`<text class="label" x="${left}" y="${top}" text-anchor="${anchor}">${text}</text>`;
}

function place(frame: Frame, [x, y]: Point): string {
  return `${pixels(frame.x.at(x))} ${pixels(frame.y.at(y))}`;
}
