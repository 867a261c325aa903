import { describe, expect, test } from "vitest";

import { epsilon } from "./accountant.js";
import { composed, gaussian, laplace, noOp, nonPrivate, poissonSampled, repeated } from "./events.js";
import { groupEpsilon, underRelation } from "./group.js";
import { rdpEpsilon } from "./rdp.js";

describe("whatever the precision, no upper bound is below any lower bound", () => {
  test.each([
    [0.000158, 0.856, 86_000, 6.7e-10],
    [0.00123, 0.62, 3000, 1e-6],
    [0.02, 0.5, 40, 1e-9],
    [0.3, 2.5, 5000, 1e-5],
  ])(
    "q %d, noise %d, T %d, delta %d",
    (q, noise, steps, delta) => {
      const event = repeated(poissonSampled(q, gaussian(noise)), steps);
      const answers = [3e-4, 4e-5, 1e-5, 1e-6].map((relative) =>
        epsilon(event, delta, { precision: { relative, absolute: relative / 100 } }),
      );
      for (const way of ["remove", "add"] as const) {
        const least = Math.max(...answers.map((answer) => answer[way].lower));
        for (const answer of answers) expect(answer[way].upper).toBeGreaterThanOrEqual(least);
      }
    },
    120_000,
  );
});

describe("answers at the edges are never below the truth", () => {
  test("noise of 1e-100 costs what it costs, or is said to be infinite", () => {
    // Sensitivity over sigma is 1e100, so the loss is about 5e199.
    expect(epsilon(poissonSampled(0.1, gaussian(1e-100)), 1e-12).epsilon).toBeGreaterThan(4.9e199);
    expect(epsilon(poissonSampled(0.1, laplace(1e-100)), 1e-12).epsilon).toBeGreaterThan(0.99e100);
  });

  test("the pure epsilon of one Laplace release is not undercut by round-off at a delta of nearly 0", () => {
    for (const scale of [1e-30, 1e-3, 0.3, 7]) {
      const exact = 1 / scale + 2 * Math.log1p(-1e-200);
      expect(epsilon(laplace(scale), 1e-200).epsilon).toBeGreaterThanOrEqual(exact);
    }
  });

  test("Renyi orders of at most 1 are refused", () => {
    for (const orders of [[0.5], [1], [2, NaN], [Infinity], []]) {
      expect(() => rdpEpsilon(gaussian(1), 1e-5, orders)).toThrow(
        expect.objectContaining({ code: "bad-argument" }) as Error,
      );
    }
  });

  test("a neighbouring relation, or an event, that is not known is refused", () => {
    expect(() => underRelation(gaussian(1), "replace-one" as never)).toThrow(
      expect.objectContaining({ code: "bad-argument" }) as Error,
    );
    for (const relation of ["addOrRemoveOne", "replaceSpecial", "replaceOne"] as const) {
      expect(() => underRelation({ kind: "mystery" } as never, relation)).toThrow(
        expect.objectContaining({ code: "unknown-event" }) as Error,
      );
    }
  });

  test("groups: what releases nothing adds nothing, and what is not private has no epsilon", () => {
    const plain = groupEpsilon(gaussian(3), 1e-5, 3).epsilon;
    expect(groupEpsilon(composed([gaussian(3), poissonSampled(0, gaussian(1))]), 1e-5, 3).epsilon).toBe(
      plain,
    );
    expect(groupEpsilon(poissonSampled(0.5, noOp), 1e-5, 3).epsilon).toBe(0);
    expect(groupEpsilon(poissonSampled(0.5, nonPrivate), 1e-5, 3).epsilon).toBe(Infinity);
  });
});
