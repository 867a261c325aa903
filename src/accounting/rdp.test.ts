import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import {
  composed,
  discreteGaussian,
  epsilon,
  type Event,
  gaussian,
  laplace,
  poissonSampled,
  rdpEpsilon,
  rdpOrders,
  repeated,
} from "./index.js";

const folder = fileURLToPath(new URL("../../../shared/golden/accounting/", import.meta.url));

interface Row {
  readonly phases: { samplingRate: number; noiseMultiplier: number; steps: number }[];
  readonly delta: number;
  readonly epsilonTrue?: number;
  readonly rdpGoogle: number;
  readonly rdpOpacusOrders: number;
  readonly rdpBestOrderEpsilon: number;
}

const rows = (file: string): Row[] =>
  readFileSync(`${folder}${file}.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

const eventOf = ({ phases }: Row): Event =>
  composed(
    phases.map(({ samplingRate, noiseMultiplier, steps }) =>
      repeated(poissonSampled(samplingRate, gaussian(noiseMultiplier)), steps),
    ),
  );

/** The orders of Opacus' accountant. */
const opacusOrders = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 52 }, (_, i) => i + 12),
];

describe.each(["subsampled-gaussian", "heterogeneous"])("golden rows of %s.jsonl", (file) => {
  const present = existsSync(`${folder}${file}.jsonl`);
  const needs = `needs ../shared/golden/accounting/${file}.jsonl`;

  // The file's figure is for orders up to 63, with the chord of the log moments between whole orders; both only lose.
  test.skipIf(!present)(`is at most google's: ${needs}`, () => {
    for (const row of rows(file)) {
      const { epsilon: ours } = rdpEpsilon(eventOf(row), row.delta);
      expect(ours, JSON.stringify(row)).toBeLessThanOrEqual(row.rdpGoogle * (1 + 1e-9));
    }
  });

  // Opacus lacks the rule that makes epsilon 0 where the divergence is too small to matter at all.
  test.skipIf(!present)(`at Opacus' orders it is Opacus' epsilon to 1e-6, or 0: ${needs}`, () => {
    for (const row of rows(file)) {
      const { epsilon: ours } = rdpEpsilon(eventOf(row), row.delta, opacusOrders);
      if (ours === 0) expect(row.epsilonTrue ?? 0, JSON.stringify(row)).toBe(0);
      else expect(Math.abs(ours / row.rdpOpacusOrders - 1), JSON.stringify(row)).toBeLessThan(1e-6);
    }
  });

  test.skipIf(!present)(`is never below the true epsilon, nor below the best of all orders: ${needs}`, () => {
    for (const row of rows(file)) {
      const { epsilon: ours } = rdpEpsilon(eventOf(row), row.delta);
      expect(ours, JSON.stringify(row)).toBeGreaterThanOrEqual(row.rdpBestOrderEpsilon * (1 - 1e-6));
      if (row.epsilonTrue !== undefined) expect(ours).toBeGreaterThanOrEqual(row.epsilonTrue);
    }
  });
});

describe("Renyi divergences", () => {
  test("Gaussian noise: the divergence of order a is a / 2 sigma^2, converted at the best order", () => {
    // Canonne, Kamath and Steinke 2020, Proposition 12, over google's orders, by hand.
    const [sigma, delta] = [2, 1e-5];
    const best = Math.min(
      ...rdpOrders.map((a) => a / (2 * sigma * sigma) + Math.log1p(-1 / a) - Math.log(delta * a) / (a - 1)),
    );
    expect(rdpEpsilon(gaussian(sigma), delta).epsilon).toBeCloseTo(best, 12);
  });

  test("sampled Gaussian noise: an integer order is the binomial sum", () => {
    const [q, sigma, order, delta] = [0.1, 1.5, 4, 1e-6];
    let sum = 0;
    const binomial = [1, 4, 6, 4, 1];
    for (let j = 0; j <= order; j += 1) {
      sum += binomial[j]! * q ** j * (1 - q) ** (order - j) * Math.exp((j * (j - 1)) / (2 * sigma * sigma));
    }
    const expected =
      Math.log(sum) / (order - 1) + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
    expect(rdpEpsilon(poissonSampled(q, gaussian(sigma)), delta, [order]).epsilon).toBeCloseTo(expected, 11);
  });

  test("fractional orders lie between their neighbours", () => {
    const event = repeated(poissonSampled(0.05, gaussian(1.2)), 300);
    const divergence = (order: number): number => {
      const { epsilon: converted } = rdpEpsilon(event, 1e-6, [order]);
      return converted - Math.log1p(-1 / order) + Math.log(1e-6 * order) / (order - 1);
    };
    for (let order = 1.1; order < 8; order += 0.1) {
      expect(divergence(order)).toBeLessThanOrEqual(divergence(order + 0.1) * (1 + 1e-9));
    }
  });

  test("sampled Laplace noise agrees with an integral by another rule", () => {
    const [q, b, order, delta] = [0.2, 1.5, 3.3, 1e-6];
    const mixed = (way: "remove" | "add"): number => {
      const n = 200_000;
      let sum = 0;
      for (let i = 0; i < n; i += 1) {
        const x = -40 + ((i + 0.5) * 81) / n;
        const base = Math.exp(-Math.abs(x) / b) / (2 * b);
        const mixture = (1 - q) * base + (q * Math.exp(-Math.abs(x - 1) / b)) / (2 * b);
        const [p, r] = way === "remove" ? [mixture, base] : [base, mixture];
        sum += (p * (p / r) ** (order - 1) * 81) / n;
      }
      return Math.log(sum) / (order - 1);
    };
    const divergence = Math.max(mixed("remove"), mixed("add"));
    const expected = divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
    expect(rdpEpsilon(poissonSampled(q, laplace(b)), delta, [order]).epsilon).toBeCloseTo(expected, 7);
  });

  test("the lattice costs the continuous Gaussian's moments, in any dimension", () => {
    const at = (event: Event): number =>
      rdpEpsilon(repeated(poissonSampled(0.1, event), 100), 1e-5, [5]).epsilon;
    expect(at(discreteGaussian(64, 32))).toBeCloseTo(at(gaussian(2)), 10);
    expect(at(discreteGaussian(2 ** 21, 2 ** 20, 64))).toBeCloseTo(at(gaussian(2)), 10);
  });

  test("composition adds divergences: looser than the loss distribution by a few per cent in a usual run", () => {
    const event = repeated(poissonSampled(0.0625, gaussian(5)), 2000);
    const ratio = rdpEpsilon(event, 1e-5).epsilon / epsilon(event, 1e-5).epsilon;
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.1);
  });

  test("delta 0 is refused, and delta 1 costs nothing", () => {
    expect(() => rdpEpsilon(gaussian(1), 0)).toThrow(expect.objectContaining({ code: "bad-argument" }));
    expect(rdpEpsilon(gaussian(1), 1).epsilon).toBe(0);
  });

  test("names the order that decided, one of those asked", () => {
    const { order } = rdpEpsilon(repeated(poissonSampled(0.05, gaussian(2)), 1000), 1e-5);
    expect(rdpOrders).toContain(order);
    expect(rdpEpsilon(gaussian(1), 1e-5, [7]).order).toBe(7);
  });
});
