/**
 * The table of docs/privacy.md, computed: what an attacker can get out of the demo's run. `npx tsx
 * tools/figures/privacy-table.ts` writes it; test/theory-table.test.ts fails when the page is not what this computes.
 */
import { pathToFileURL } from "node:url";

import { figure, table, writeGenerated } from "./generated.js";
import { demoRun, leastMisses, noiseFor, runEvent, wholeCurve } from "./run.js";
import { range } from "./svg.js";

const targets = [0.5, 1, 2, 4, 8];
const looks = range(0, 10, 41);

/** A share in per cent, two digits that matter, rounded up: a cap. */
function cap(share: number): string {
  const scale = share > 0.99 ? 10_000 : share < 0.1 ? 1000 : 100;
  return `${(Math.ceil(share * scale) * 100) / scale} %`;
}

/** The generated part of docs/privacy.md. */
export function privacyTable(): string {
  const rows = targets.map((epsilon) => {
    const noise = noiseFor(epsilon);
    const whole = wholeCurve(runEvent(noise), looks);
    const atZero = whole[0]?.[1] ?? 1;
    const found = (alarms: number): string => cap(1 - leastMisses(whole, alarms));
    const odds = Math.exp(epsilon);
    return [
      epsilon,
      figure(noise),
      cap((1 + atZero) / 2),
      found(0.01),
      found(0.001),
      cap(odds / (1 + odds) + demoRun.delta),
    ];
  });
  return table(
    [
      "epsilon",
      "noise multiplier",
      "best guess right in",
      "found at 1 % false alarms",
      "found at 0.1 % false alarms",
      "right, by (epsilon, delta) alone",
    ],
    rows,
  );
}

/** The name that stands in the page's marker. */
export const privacyScript = "tools/figures/privacy-table.ts";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeGenerated("docs/privacy.md", privacyScript, privacyTable());
}
