import { expect, test } from "vitest";
import type { UniformSource } from "../sampling/index.js";
import { bernoulliExpFraction, bernoulliExpHalfSquare, bernoulliExpMultiple } from "./bernoulli-exp.js";

class NeedsMore extends Error {
  constructor(readonly bound: number) {
    super();
  }
}

/** Answers from a script, then asks (by throwing) for the next answer to be tried in every way. */
function scripted(answers: readonly number[]): UniformSource {
  let next = 0;
  return {
    below(bound: number): number {
      const answer = answers[next++];
      if (answer === undefined) throw new NeedsMore(bound);
      return answer;
    },
  };
}

/**
 * Walks through everything the source can answer, and adds up exact probabilities.
 * @returns the probability of true, and of paths too improbable to follow to their end
 */
function enumerate(draw: (source: UniformSource) => boolean, least = 1e-7): { yes: number; open: number } {
  const total = { yes: 0, open: 0 };
  const walk = (answers: readonly number[], probability: number): void => {
    try {
      if (draw(scripted(answers))) total.yes += probability;
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      const each = probability / error.bound;
      if (each < least) total.open += probability;
      else for (let answer = 0; answer < error.bound; answer++) walk([...answers, answer], each);
    }
  };
  walk([], 1);
  return total;
}

function expectProbability(draw: (source: UniformSource) => boolean, probability: number): void {
  const { yes, open } = enumerate(draw);
  expect(open).toBeLessThan(2e-3);
  expect(yes).toBeLessThanOrEqual(probability + 1e-12);
  expect(yes + open).toBeGreaterThanOrEqual(probability - 1e-12);
}

test("The probability is exact: only uniform integers are compared, nothing is rounded.", () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 1],
    [0, 7],
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [5, 7],
  ];
  for (const [numerator, denominator] of cases) {
    expectProbability(
      (source) => bernoulliExpFraction(numerator, denominator, source),
      Math.exp(-numerator / denominator),
    );
  }
});

test("half squares and multiples have exact probabilities too", () => {
  for (const [numerator, denominator] of [
    [0, 3],
    [1, 2],
    [2, 3],
    [1, 1],
  ] as const) {
    expectProbability(
      (source) => bernoulliExpHalfSquare(numerator, denominator, source),
      Math.exp(-((numerator / denominator) ** 2) / 2),
    );
  }
  expectProbability((source) => bernoulliExpMultiple(3, 1, 2, source), Math.exp(-1.5));
  expectProbability((source) => bernoulliExpMultiple(0, 1, 2, source), 1);
});

test("the enumeration would notice a wrong exponent", () => {
  const { yes, open } = enumerate((source) => bernoulliExpFraction(1, 2, source));
  for (const wrong of [Math.exp(-0.49), Math.exp(-0.51), 0.6]) {
    expect(yes <= wrong && wrong <= yes + open).toBe(false);
  }
});
