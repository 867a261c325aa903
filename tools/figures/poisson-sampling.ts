import { createHash } from "node:crypto";

import { poissonSample, type RandomBytes, samplingRate } from "../../src/sampling/index.js";
import { at, line, type Picture, scale, text } from "./svg.js";

const [records, steps, expected] = [24, 40, 4] as const;
const [width, height] = [900, 520];
const [left, top, cell] = [130, 78, 14];
const marked = 9;

/** Fixed bytes, so that the picture is the same whenever it is drawn; a run has the operating system's. */
function fixedBytes(): RandomBytes {
  let count = 0;
  return (out) => {
    for (let i = 0; i < out.length; i += 32) {
      const block = createHash("sha256")
        .update(`picture ${(count += 1)}`)
        .digest();
      out.set(block.subarray(0, Math.min(32, out.length - i)), i);
    }
  };
}

/** Which records are in which step, drawn by dpzo's own sampler. */
export function poissonSampling(): Picture {
  const random = fixedBytes();
  const rate = samplingRate(expected, records);
  const batches = Array.from({ length: steps }, () => [...poissonSample(records, rate, random)]);
  const x = (step: number): number => left + step * 17.5;
  const y = (record: number): number => top + record * cell;
  const dots = (holds: (record: number, inside: boolean) => boolean): string =>
    batches
      .flatMap((batch, step) =>
        Array.from({ length: records }, (_, record) =>
          holds(record, batch.includes(record)) ? `M${at(x(step))} ${at(y(record))}h0` : "",
        ),
      )
      .join("");
  const drawn = (classes: string, size: number, d: string): string =>
    `<path class="${classes}" stroke-linecap="round" style="stroke-width:${size}" d="${d}"/>`;
  const grid = [
    drawn(
      "grid",
      3.2,
      dots((_, inside) => !inside),
    ),
    drawn(
      "blue-line",
      10,
      dots((record, inside) => inside && record !== marked),
    ),
    drawn(
      "orange-line",
      10,
      dots((record, inside) => inside && record === marked),
    ),
  ];
  const times = batches.filter((batch) => batch.includes(marked)).length;
  const floor = 484;
  const bar = scale([0, 10], [floor, floor - 56]);
  const sizes = batches.map(
    (batch, step) =>
      `<rect class="blue" x="${at(x(step) - 5)}" y="${at(bar(batch.length))}" width="10" height="${at(floor - bar(batch.length))}"/>`,
  );
  const most = Math.max(...batches.map((batch) => batch.length));
  const least = Math.min(...batches.map((batch) => batch.length));
  return {
    width,
    height,
    title: "Poisson sampling: which of 24 records are in which of 40 steps",
    description: `A grid of ${records} records by ${steps} steps. Each record is in each step with probability 1/6, by a draw of its own. One marked record is in ${times} steps. The batch sizes below range from ${least} to ${most} around a mean of ${expected}.`,
    body: [
      text(
        20,
        26,
        "Poisson sampling: each record enters each step by a draw of its own, here with probability 1/6",
        "ink bold",
      ),
      text(
        20,
        48,
        `Nobody outside learns which. The marked record took part in ${times} of ${steps} steps.`,
        "muted",
      ),
      text(left - 16, y(marked) + 5, "one record", "orange bold", "end"),
      text(left - 16, y(0) + 5, "24 records", "muted small", "end"),
      ...grid,
      line(left - 8, floor, x(steps - 1) + 8, floor, "axis"),
      ...sizes,
      `<line class="muted-line dashed" x1="${left - 8}" y1="${at(bar(expected))}" x2="${at(x(steps - 1) + 8)}" y2="${at(bar(expected))}"/>`,
      text(left - 16, bar(expected) + 5, "expected: 4", "muted small", "end"),
      text(left - 16, floor, "batch size", "muted small", "end"),
      text(x(0), height - 12, "step 1", "muted small", "middle"),
      text(x(steps - 1), height - 12, `step ${steps}`, "muted small", "middle"),
      text(
        (x(0) + x(steps - 1)) / 2,
        height - 12,
        `batches of ${least} to ${most}; the update divides by 4 whatever was drawn`,
        "muted small",
        "middle",
      ),
    ],
  };
}
