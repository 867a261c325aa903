/** The theory oracles of methods.md, section 3, on a small ReLU network without biases that is written here. */
import { expect, test } from "vitest";

import { createDirectionEngine } from "../directions/index.js";
import { gradientEstimate, graspEstimate, synflowEstimate } from "./estimates.js";
import { backward, forward, type LinearNetwork, networkSum, type ReadWeights } from "./linear-network.js";
import { groupScoreByDifferences, synflowScores } from "./synflow.js";

const widths = [5, 7, 4, 6, 3];
const layerCount = widths.length - 1;

/** Weights of both signs, some exactly 0. */
const weights = new Map<string, Float32Array>(
  Array.from({ length: layerCount }, (_, layer) => {
    const size = (widths[layer + 1] ?? 0) * (widths[layer] ?? 0);
    const values = Float32Array.from({ length: size }, (__, i) =>
      i % 11 === 3 ? 0 : 0.3 * Math.sin(1 + i * (layer + 1.7)),
    );
    return [`w${layer}`, values] as const;
  }),
);
const read: ReadWeights = (tensor) => weights.get(tensor)!;

const network: LinearNetwork = {
  width: 5,
  layers: Array.from({ length: layerCount }, (_, layer) => ({
    kind: "dense",
    tensor: `w${layer}`,
    rows: widths[layer + 1]!,
    columns: widths[layer]!,
  })),
};

/** The ReLU network itself, in float64: what the linear one stands for. */
function reluSum(of: (layer: number) => ArrayLike<number>): number {
  let x = new Array<number>(5).fill(1);
  for (let layer = 0; layer < layerCount; layer += 1) {
    const [w, input] = [of(layer), x];
    x = Array.from({ length: widths[layer + 1]! }, (_, i) => {
      const sum = input.reduce((total, value, j) => total + w[i * input.length + j]! * value, 0);
      return Math.max(0, sum);
    });
  }
  return x.reduce((a, b) => a + b, 0);
}
const absolute = (layer: number): Float64Array => Float64Array.from(weights.get(`w${layer}`)!, Math.abs);
const total = reluSum(absolute);

/** dR/d|w| by hand: two evaluations of the ReLU network a weight; R is linear in each, so it is exact. */
function gradientByHand(of: (layer: number) => Float64Array, scale = 0.01): Float64Array[] {
  return Array.from({ length: layerCount }, (_, layer) =>
    of(layer).map((value, index) => {
      const at = (shift: number): number =>
        reluSum((other) => (other === layer ? of(other).with(index, value + shift) : of(other)));
      return (at(scale) - at(value >= scale ? -scale : 0)) / (value >= scale ? 2 * scale : scale);
    }),
  );
}

const add = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

test("R of the linear network on |w| is the ReLU network's", () => {
  const positive: ReadWeights = (tensor) => weights.get(tensor)!.map(Math.abs);
  expect(networkSum(network, positive)).toBeCloseTo(total, 10);
});

test("oracle: the scores of each layer add up to R (to 1, over R), and none is negative", () => {
  const scores = synflowScores(network, read);
  for (let layer = 0; layer < layerCount; layer += 1) {
    const values = scores.get(`w${layer}`)!;
    expect(add(values)).toBeCloseTo(1, 6);
    expect(values.every((value) => value >= 0)).toBe(true);
    const byHand = add(gradientByHand(absolute)[layer]!.map((g, i) => g * absolute(layer)[i]!));
    expect(byHand).toBeCloseTo(total, 8);
  }
});

test("oracle: each weight's score is |w| dR/d|w|, and each group's is [R(+t) - R(-t)] / (2t), for any t", () => {
  const scores = synflowScores(network, read);
  const gradients = gradientByHand(absolute);
  for (let layer = 0; layer < layerCount; layer += 1) {
    const values = scores.get(`w${layer}`)!;
    values.forEach((value, i) => {
      expect(value * total).toBeCloseTo(absolute(layer)[i]! * gradients[layer]![i]!, 6);
    });
    for (let row = 0; row < widths[layer + 1]!; row += 1) {
      const inRow = (index: number): boolean => Math.floor(index / widths[layer]!) === row;
      const exact = add(values.filter((_, index) => inRow(index)));
      for (const t of [0.01, 0.5, 1]) {
        const group = groupScoreByDifferences(network, read, `w${layer}`, inRow, t);
        expect(group / total).toBeCloseTo(exact, 6);
        // And so for the ReLU network itself, in two evaluations.
        const scaled = (sign: number): number =>
          reluSum((other) =>
            other === layer
              ? absolute(other).map((w, index) => (inRow(index) ? w * (1 + sign * t) : w))
              : absolute(other),
          );
        expect((scaled(1) - scaled(-1)) / (2 * t)).toBeCloseTo(group, 8);
      }
    }
  }
});

test("oracle (Euler): the sum of w_i (H g)_i is (L - 1) |g|^2", () => {
  const gradient = gradientByHand(absolute);
  const squared = gradient.reduce((sum, layer) => sum + add(layer.map((g) => g * g)), 0);
  // R is a polynomial, so a central difference of its gradient along g is exact to the square of the step.
  const step = 1e-4;
  const along = (sign: number): Float64Array[] =>
    gradientByHand((layer) => absolute(layer).map((w, i) => w + sign * step * gradient[layer]![i]!));
  const [plus, minus] = [along(1), along(-1)];
  const product = gradient.reduce(
    (sum, _, layer) =>
      sum + add(plus[layer]!.map((p, i) => (absolute(layer)[i]! * (p - minus[layer]![i]!)) / (2 * step))),
    0,
  );
  expect(product / squared).toBeCloseTo(layerCount - 1, 4);
});

test("a residual passes its input on, so a layer inside it scores only what flows through it; gains score like rows", () => {
  const square = Float32Array.from([0.5, 0.25, 0.125, 1]);
  const inner = { kind: "dense", tensor: "w", rows: 2, columns: 2 } as const;
  const net: LinearNetwork = {
    width: 2,
    layers: [
      { kind: "residual", layers: [inner] },
      { kind: "gain", tensor: "g" },
    ],
  };
  const of: ReadWeights = (tensor) => (tensor === "w" ? square : Float32Array.of(2, -3));
  const scores = synflowScores(net, of);
  // x = (1, 1) -> (1.75, 2.125) -> gain -> 3.5 + 6.375 = 9.875.
  expect(add(scores.get("g")!)).toBeCloseTo(1, 6);
  expect(scores.get("g")![0]! * 9.875).toBeCloseTo(3.5, 5);
  expect([...scores.get("w")!].map((s) => s * 9.875)).toEqual(
    [0.5 * 2, 0.25 * 2, 0.125 * 3, 1 * 3].map((v) => expect.closeTo(v, 5) as number),
  );
  for (const tensor of ["w", "g"]) {
    const group = groupScoreByDifferences(net, of, tensor, (index) => index === 0);
    expect(group / 9.875).toBeCloseTo(scores.get(tensor)![0]!, 6);
  }
  const x = Float64Array.of(0.3, -2);
  const b = Float64Array.of(1.5, 0.7);
  const forwards = forward(net.layers[0]!, of, x);
  const backwards = backward(net.layers[0]!, of, b);
  expect(forwards[0]! * b[0]! + forwards[1]! * b[1]!).toBeCloseTo(
    x[0]! * backwards[0]! + x[1]! * backwards[1]!,
    12,
  );
});

test("deep and large networks neither overflow nor lose their scores", () => {
  const layers = Array.from(
    { length: 400 },
    () => ({ kind: "dense", tensor: "w", rows: 2, columns: 2 }) as const,
  );
  const scores = synflowScores({ width: 2, layers }, () => Float32Array.of(1e4, 2e4, 3e4, 1e4)).get("w")!;
  // One tensor read 400 times collects every reading's score.
  expect(add(scores)).toBeCloseTo(400, 3);
});

const engine = createDirectionEngine();
const fill = (query: number, tensor: string, out: Float32Array): void => {
  engine.fill(
    { runSeed: new Uint8Array(32), step: 0, direction: query, tensor, distribution: "gaussian" },
    out,
  );
};

/** Correlation of ranks, as the defect D12 was measured. */
function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const ranks = (values: ArrayLike<number>): number[] => {
    const order = Array.from(values, (value, i) => [value, i] as const).sort((x, y) => x[0] - y[0]);
    const out = new Array<number>(values.length);
    order.forEach(([, i], rank) => (out[i] = rank));
    return out;
  };
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  const product = x.reduce((sum, r, i) => sum + (r - mean) * (y[i]! - mean), 0);
  return product / x.reduce((sum, r) => sum + (r - mean) ** 2, 0);
}

test("D12: the estimates come to rank as the exact scores do, which differences of fresh directions never would", () => {
  const names = [...weights.keys()];
  const flat = (scores: ReadonlyMap<string, ArrayLike<number>>): number[] =>
    names.flatMap((name) => Array.from(scores.get(name)!));
  const exact = flat(synflowScores(network, read));
  expect(spearman(flat(synflowEstimate(network, read, 4000, fill)), exact)).toBeGreaterThan(0.9);

  const gradient = gradientByHand(absolute);
  const step = 1e-4;
  const plus = gradientByHand((layer) => absolute(layer).map((w, i) => w + step * gradient[layer]![i]!));
  const grasp = plus.flatMap((layer, at) =>
    [...layer].map((p, i) => (absolute(at)[i]! * (p - gradient[at]![i]!)) / step),
  );
  expect(spearman(flat(graspEstimate(network, read, 4000, fill)), grasp)).toBeGreaterThan(0.8);

  // The published way: another set of directions for the second estimate, no quotient.
  const positive = new Map(names.map((name, layer) => [name, absolute(layer)]));
  const first = gradientEstimate(network, positive, 1000, fill);
  const second = gradientEstimate(network, positive, 1000, (query, tensor, out) => {
    fill(query + 1000, tensor, out);
  });
  const noise = flat(
    new Map(
      names.map((name, layer) => [
        name,
        first.get(name)!.map((g, i) => absolute(layer)[i]! * (second.get(name)![i]! - g)),
      ]),
    ),
  );
  expect(Math.abs(spearman(noise, grasp))).toBeLessThan(0.4);
});
