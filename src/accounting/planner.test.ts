import { describe, expect, test } from "vitest";

import { epsilon } from "./accountant.js";
import { gaussian, poissonSampled, repeated } from "./events.js";
import { planner } from "./planner.js";

const question = { records: 1024, epsilon: 2, delta: 1e-5, forwardPasses: 8_192_000 };

describe("planner", () => {
  const answer = planner(question);

  test("every alternative keeps the guarantee and the budget", () => {
    for (const row of answer.alternatives) {
      const { samplingRate, noiseMultiplier, steps, batch, directions } = row;
      const event = repeated(poissonSampled(samplingRate, gaussian(noiseMultiplier)), steps);
      expect(epsilon(event, 1e-5).epsilon).toBeLessThanOrEqual(2);
      expect(row.forwardPasses).toBe(2 * batch * steps * directions);
      expect(row.forwardPasses).toBeLessThanOrEqual(question.forwardPasses);
      expect(samplingRate).toBe(batch / 1024);
    }
  });

  test("at n = 1,024 batch and steps are near the ceiling, and what is left goes into directions (methods.md 4.6)", () => {
    expect(answer.best.privacyRatio).toBeGreaterThan(0.95 * answer.ceiling);
    expect(answer.best.directions).toBeGreaterThanOrEqual(16);
    expect(answer.best.predicted).toBeGreaterThanOrEqual(0.97);
    // The ratio of B 64, T 1,000 that methods.md gives is 493, the ceiling about 506.
    expect(answer.ceiling).toBeGreaterThan(493);
    expect(answer.ceiling).toBeLessThan(520);
  });

  test("more compute is never predicted to be worse, and the best is first but for steps", () => {
    const poorer = planner({ ...question, forwardPasses: 400_000 });
    expect(poorer.best.directions * poorer.best.steps).toBeLessThan(
      answer.best.directions * answer.best.steps,
    );
    expect(answer.alternatives[0]?.predicted).toBe(1);
    for (const row of answer.alternatives.filter((one) => one.predicted >= 0.97)) {
      expect(row.steps).toBeGreaterThanOrEqual(answer.best.steps);
    }
  });

  test("it explains itself with its own figures", () => {
    const { best, explanation } = answer;
    for (const figure of [best.batch, best.steps, best.directions])
      expect(explanation).toContain(String(figure));
    for (const row of answer.alternatives) expect(row.because).toContain(String(row.forwardPasses));
  });

  test.each([
    [{ records: 0 }, "bad-argument"],
    [{ records: NaN }, "bad-argument"],
    [{ forwardPasses: -1 }, "bad-argument"],
    [{ alignment: 2 }, "bad-argument"],
    [{ records: 10 }, "unreachable-target"],
    [{ forwardPasses: 10 }, "unreachable-target"],
    [{ epsilon: -1 }, "bad-argument"],
  ])("%j is refused", (change, code) => {
    expect(() => planner({ ...question, ...change })).toThrow(expect.objectContaining({ code }) as Error);
  });
});
