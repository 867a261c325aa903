import { epsilon as epsilonOf, type Event } from "../../src/accounting/index.js";
import { demoRun, noiseFor, runEvent } from "./run.js";
import { line, path, type Picture, range, scale, text } from "./svg.js";

const [width, height] = [900, 400];
const [left, right, top, bottom] = [64, 620, 76, 344];
const ticks = [1, 10, 100];

/** Epsilon after so many steps, by three ways of counting. */
export function epsilonOverSteps(): Picture {
  const { delta, steps } = demoRun;
  const noise = noiseFor(demoRun.epsilon);
  const epsilon = (event: Event, at: number): number => epsilonOf(event, at).epsilon;
  const counts = [1, 2, 3, 5, 8, 12, ...range(20, steps, 20).map(Math.round)];
  const accounted = counts.map((count) => epsilon(runEvent(noise, count), delta));
  const unsampled = counts.map((count) => epsilon(runEvent(noise, count, 1), delta));
  // Basic composition: every step gets its share of delta, and the epsilons add up.
  const added = counts.map((count) => count * epsilon(runEvent(noise, 1), delta / count));
  const x = scale([0, steps], [left, right]);
  const y = scale([Math.log10(0.4), Math.log10(450)], [bottom, top]);
  const curve = (values: readonly number[], classes: string): string =>
    path(
      counts.map((count, i) => [x(count), y(Math.log10(Math.max(0.4, values[i]!)))]),
      classes,
    );
  const label = (values: readonly number[], classes: string, name: string): string => {
    const last = values.at(-1) ?? 0;
    const value = last < 10 ? last.toFixed(1) : last.toFixed(0);
    return text(right + 10, y(Math.log10(last)) + 5, `${value}  ${name}`, `${classes} bold small`);
  };
  const end = (values: readonly number[]): string => (values.at(-1) ?? 0).toFixed(0);
  return {
    width,
    height,
    title: "Epsilon over the steps of a run, by three ways of counting",
    description: `Epsilon on a logarithmic scale against steps, at delta 1e-5. The accountant's line ends at ${end(accounted)} after 400 steps; the same noise on all records in every step at ${end(unsampled)}; adding up the epsilons of the single steps at ${end(added)}.`,
    body: [
      text(
        left - 44,
        26,
        `Epsilon over the steps of the demo's run (noise ${noise.toFixed(2)}, delta 1e-5)`,
        "ink bold",
      ),
      text(left - 44, 48, "One run, one noise; only the counting differs. Logarithmic scale.", "muted"),
      ...ticks.flatMap((tick) => [
        line(left, y(Math.log10(tick)), right, y(Math.log10(tick)), "grid"),
        text(left - 8, y(Math.log10(tick)) + 5, String(tick), "muted small", "end"),
      ]),
      ...range(0, steps, 5).flatMap((tick) => [
        line(x(tick), bottom, x(tick), bottom + 5, "axis"),
        text(x(tick), bottom + 22, String(tick), "muted small", "middle"),
      ]),
      line(left, bottom, right, bottom, "axis"),
      text((left + right) / 2, height - 10, "steps", "muted small", "middle"),
      curve(added, "orange-line"),
      curve(unsampled, "green-line"),
      curve(accounted, "blue-line"),
      label(added, "orange", "each step's epsilon, added up"),
      label(unsampled, "green", "without sampling"),
      label(accounted, "blue", "what dpzo states"),
    ],
  };
}
