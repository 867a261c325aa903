/** What the demo really spends, beside what Gaussian noise without a lattice would. */
import { expect, test } from "vitest";

import {
  calibrateNoiseMultiplier,
  discreteGaussian,
  epsilon,
  gaussian,
  poissonSampled,
  repeated,
} from "../src/accounting/index.js";
import { demoSettings } from "../src/demo/settings.js";
import { trainConfigSchema } from "../src/plan/config.js";
import { latticeSensitivity } from "../src/plan/plan.js";

/** The private mails of the demo. */
const records = 4855;

test("the lattice and its discrete Gaussian are in the demo's event, and cost less than a millionth of epsilon", () => {
  const { batch, steps, delta, directions, epsilon: target } = trainConfigSchema.loose().parse(demoSettings);
  const samplingRate = batch / records;
  const noise = calibrateNoiseMultiplier({ epsilon: target ?? 4, delta, samplingRate, steps });
  const spent = (event: Parameters<typeof poissonSampled>[1]): number =>
    epsilon(repeated(poissonSampled(samplingRate, event), steps), delta).epsilon;
  const standardDeviation = Math.ceil(noise * latticeSensitivity);
  const ideal = spent(gaussian(standardDeviation / latticeSensitivity));
  const real = spent(discreteGaussian(standardDeviation, latticeSensitivity, directions));
  expect(real).toBeGreaterThan(ideal);
  expect(real - ideal).toBeLessThan(1e-6 * ideal);
});
