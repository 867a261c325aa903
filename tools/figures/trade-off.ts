import { demoRun, leastMisses, noiseFor, runEvent, wholeCurve } from "./run.js";
import { line, path, type Picture, range, scale, text } from "./svg.js";

const [width, height] = [900, 470];
const [left, right, top, bottom] = [70, 430, 66, 426];
const targets = [
  [1, "blue"],
  [4, "green"],
  [8, "orange"],
] as const;
/** The epsilons at which a run's curve is looked at. */
export const looks = [...range(0, 3, 31), ...range(3.5, 8, 10), ...range(9, 16, 8)];

/** False alarms against misses: what the best attacker must accept. */
export function tradeOff(): Picture {
  const x = scale([0, 1], [left, right]);
  const y = scale([0, 1], [bottom, top]);
  const alarms = range(0, 1, 201).map((v) => v * v);
  const curves = targets.map(([epsilon, colour]) => {
    const whole = wholeCurve(runEvent(noiseFor(epsilon)), looks);
    const misses = alarms.map((a) => leastMisses(whole, a));
    return { epsilon, colour, misses, found: 1 - leastMisses(whole, 0.01), right: (1 + whole[0]![1]) / 2 };
  });
  const promised = alarms.map((a) => leastMisses([[4, demoRun.delta]], a));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  // Caps are rounded up.
  const percent = (value: number): string => `${Math.ceil(100 * value - 1e-9)} %`;
  const row = (i: number): number => 168 + 62 * i;
  return {
    width,
    height,
    title: "What an attacker must accept: false alarms against misses, at epsilon 1, 4 and 8",
    description: `Curves from (0, 1) to (1, 0), below the diagonal of pure guessing. ${curves
      .map(
        ({ epsilon, found, right: share }) =>
          `Epsilon ${epsilon}: right in at most ${percent(share)} of cases; with 1 % false alarms at most ${percent(found)} of members are found.`,
      )
      .join(" ")}`,
    body: [
      text(
        20,
        26,
        "An attacker who knows everything but one record says: it was in, or it was not",
        "ink bold",
      ),
      text(20, 48, "No test, whatever it looks at, lies below its curve.", "muted"),
      ...ticks.flatMap((tick) => [
        line(x(tick), top, x(tick), bottom, "grid"),
        line(left, y(tick), right, y(tick), "grid"),
        text(x(tick), bottom + 20, percent(tick), "muted small", "middle"),
        text(left - 8, y(tick) + 5, percent(tick), "muted small", "end"),
      ]),
      path(
        [
          [x(0), y(1)],
          [x(1), y(0)],
        ],
        "muted-line dashed",
      ),
      path(
        alarms.map((a, i) => [x(a), y(promised[i]!)]),
        "green-line",
        ' stroke-dasharray="2 4"',
      ),
      ...curves.map(({ colour, misses }) =>
        path(
          alarms.map((a, i) => [x(a), y(misses[i]!)]),
          `${colour}-line`,
        ),
      ),
      line(left, bottom, right, bottom, "axis"),
      line(left, top, left, bottom, "axis"),
      text(
        (left + right) / 2,
        height - 8,
        "false alarms: it was not in, and is said to be",
        "muted small",
        "middle",
      ),
      `<text class="muted small" transform="translate(16 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">misses: it was in, and is not found</text>`,
      text(470, 112, "The demo's run, calibrated to", "ink bold"),
      ...curves.flatMap(({ epsilon, colour, found, right: share }, i) => [
        text(470, row(i) - 18, `epsilon ${epsilon}`, `${colour} bold`),
        text(560, row(i) - 18, `right in at most ${percent(share)} of cases,`, "ink small"),
        text(560, row(i), `${percent(found)} found at 1 % false alarms`, "ink small"),
      ]),
      line(470, 345, 510, 345, "muted-line dashed"),
      text(522, 350, "guessing without looking", "ink small"),
      `<line class="green-line" stroke-dasharray="2 4" x1="470" y1="373" x2="510" y2="373"/>`,
      text(522, 378, "what (4, 1e-5) alone would allow; the whole", "ink small"),
      text(522, 396, "curve of the run allows much less", "ink small"),
    ],
  };
}
