/**
 * The independence suite in its reduced form; whole: `npx tsx tools/indep/main.ts`. A record's differences are the same
 * bits alone and among others, in any file, place and batch size, with a kept prefix or none, by any number of threads.
 */
import { expect, test } from "vitest";

import { nodeRuntime } from "../src/node/index.js";
import type { InferenceRuntime, Tensor } from "../src/runtime/runtime.js";
import { differingBits } from "./support/differing-bits.js";
import { countDependence } from "./support/independence.js";
import { wideKinds, type WideKind } from "./support/wide-model.js";

/** One for each number of threads, so that its workers are started once. */
const runtimes = new Map<number, InferenceRuntime>();
function runtimeOf(threads: number): InferenceRuntime {
  const runtime = runtimes.get(threads) ?? nodeRuntime({ threads });
  runtimes.set(threads, runtime);
  return runtime;
}

const reduced = (kind: WideKind, hidden: number, runtime: (threads: number) => InferenceRuntime) => ({
  shape: { kind, hidden, layers: hidden > 128 ? 1 : 2, vocabulary: 512, positions: 48 },
  runtime,
  words: [2, 20, 50],
  directions: 1,
  scale: 0.3,
});

/** Widths where kernels are known to change, two for each model; thread counts of laptops, and more than rows of one block. */
const shapes: readonly (readonly [WideKind, number, readonly number[]])[] = [
  ...wideKinds.map((kind) => [kind, 128, [1, 2, 16]] as const),
  ["bert", 384, [5]],
  ["bert", 768, [2]],
  ["gpt2", 256, [3]],
  ["llama-64", 576, [3]],
  ["qwen3-128", 256, [6]],
];

for (const [kind, hidden, threads] of shapes) {
  test(`0 bits of a record's differences depend on anything else: ${kind} of hidden size ${hidden}, threads ${threads.join()}`, async () => {
    const count = await countDependence({
      ...reduced(kind, hidden, runtimeOf),
      threads,
    });
    const { vectors, zeros, ...differing } = count;
    expect(differing).toEqual({ amongVectors: 0, amongBits: 0, threadVectors: 0, threadBits: 0 });
    expect(vectors).toBeGreaterThan(150 * threads.length);
    expect(zeros).toBeLessThan(vectors / 10);
  });
}

/** A runtime whose results all move by one unit in the last place when `applies` to what is fed. */
function flawed(applies: (feeds: Readonly<Record<string, Tensor>>) => boolean): InferenceRuntime {
  const real = nodeRuntime({ threads: 1 });
  return {
    ...real,
    createSession: async (model) => {
      const session = await real.createSession(model);
      const run: typeof session.run = async (feeds) => {
        const outputs = await session.run(feeds);
        const { logits } = outputs;
        if (logits === undefined || !applies(feeds)) return outputs;
        const bits = new Uint32Array(logits.data.slice().buffer);
        return {
          ...outputs,
          logits: { ...logits, data: new Float32Array(bits.map((word, at) => word + (at % 2)).buffer) },
        };
      };
      return { ...session, run };
    },
  };
}

test("the suite sees a runtime whose logits move by one unit in the last place with another record, or with threads", async () => {
  const areOdd = (feeds: Readonly<Record<string, Tensor>>): boolean => {
    const bits = new Uint32Array((feeds["hidden"]?.data ?? new Float32Array(1)).slice().buffer);
    return (bits.reduce((all, word) => all ^ word, 0) & 1) === 1;
  };
  const byRecord = await countDependence({
    ...reduced("bert", 32, () => flawed(areOdd)),
    threads: [1],
  });
  expect(byRecord.amongVectors).toBeGreaterThan(byRecord.vectors / 10);
  expect(byRecord.amongBits).toBeGreaterThan(byRecord.amongVectors);
  const byThreads = await countDependence({
    ...reduced("gpt2", 32, (threads) => flawed(() => threads === 2)),
    threads: [1, 2],
  });
  expect(byThreads.amongVectors).toBe(0);
  expect(byThreads.threadVectors).toBeGreaterThan(byThreads.vectors / 4);
});

test("bits are counted in all 64 places, zeros have signs, and a vector that is not there differs in all", () => {
  const of = (...values: number[]): Float64Array => Float64Array.from(values);
  expect(differingBits(of(1, -3, NaN), of(1, -3, NaN))).toBe(0);
  expect(differingBits(of(0, 1), of(-0, 1))).toBe(1);
  expect(differingBits(of(1), of(1 + 2 ** -52))).toBe(1);
  expect(differingBits(of(1), of(-1 - 2 ** -52))).toBe(2);
  expect(differingBits(of(1, 2), of())).toBe(128);
});
