/**
 * Draws the pictures of docs/privacy.md: `npx tsx tools/figures/draw.ts [folder [light|dark]]`. Every number in them is
 * dpzo's accountant's, sampler's or calibration's. A folder and a theme are for looking at them.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { epsilonOverSteps } from "./epsilon-over-steps.js";
import { repositoryFile } from "./generated.js";
import { poissonSampling } from "./poisson-sampling.js";
import { svg } from "./svg.js";
import { tradeOff } from "./trade-off.js";
import { withAndWithout } from "./with-and-without.js";

const pictures = {
  "with-and-without": withAndWithout,
  "epsilon-over-steps": epsilonOverSteps,
  "poisson-sampling": poissonSampling,
  "trade-off": tradeOff,
};

const [folder = repositoryFile("docs/images"), theme] = process.argv.slice(2);
for (const [name, draw] of Object.entries(pictures)) {
  writeFileSync(join(folder, `${name}.svg`), svg(draw(), theme as "light" | "dark" | undefined));
}
