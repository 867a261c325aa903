/**
 * The whole independence suite: a record's differences must be the same bits whatever else is measured, in whichever
 * file and place, with a kept prefix or without, and by however many threads. Exits with 1 if a bit differs.
 *
 * Run: `npx tsx tools/indep/main.ts [--kinds bert,gpt2] [--sizes 32,64] [--threads 1,2] [--scale 0.5]`
 */
import { parseArgs } from "node:util";

import { nodeRuntime } from "../../src/node/index.js";
import type { InferenceRuntime } from "../../src/runtime/runtime.js";
import { countDependence, type IndependenceCount } from "../../test/support/independence.js";
import { type WideKind, wideKinds } from "../../test/support/wide-model.js";

const { values: flags } = parseArgs({
  options: {
    kinds: { type: "string", default: wideKinds.join(",") },
    sizes: { type: "string", default: "32,64,96,128,256,384,512,576,768,896,1024" },
    threads: { type: "string", default: "1,2,3,4,5,6,8,12,16" },
    scale: { type: "string", default: "1" },
  },
});
const numbers = (list: string): number[] => list.split(",").map(Number);
const kinds = flags.kinds.split(",").map((kind) => {
  const known = wideKinds.find((name) => name === kind);
  if (known === undefined) throw new Error(`no model ${kind}; there are ${wideKinds.join(", ")}`);
  return known;
});
const words = [2, 50, 20, 3, 28, 5];
const shapes = numbers(flags.sizes).flatMap((hidden) => kinds.map((kind) => ({ hidden, kind })));

function row(cells: readonly (string | number)[]): string {
  const widths = [10, 6, 8, 6, 15, 15, 15, 15, 8];
  return cells
    .map((cell, at) => (at === 0 ? String(cell).padEnd(10) : String(cell).padStart(widths[at] ?? 8)))
    .join(" ");
}

/** One for each number of threads, so that its workers are started once. */
const runtimes = new Map<number, InferenceRuntime>();
function runtimeOf(threads: number): InferenceRuntime {
  const runtime = runtimes.get(threads) ?? nodeRuntime({ threads });
  runtimes.set(threads, runtime);
  return runtime;
}

async function measure(kind: WideKind, hidden: number, turn: number): Promise<IndependenceCount> {
  return countDependence({
    // Two blocks where they are cheap, so that a block's output feeds a block.
    shape: { kind, hidden, layers: hidden <= 128 ? 2 : 1, vocabulary: 512, positions: 64 },
    threads: numbers(flags.threads),
    runtime: runtimeOf,
    words: words.map((_, at) => words[(at + turn) % words.length] ?? 2),
    directions: 1,
    scale: Number(flags.scale),
    onProgress: (threads) => {
      process.stderr.write(`${turn + 1} of ${shapes.length}: ${kind} ${hidden}, ${threads} threads done\n`);
    },
  });
}

console.log(
  row([
    "model",
    "hidden",
    "vectors",
    "zero",
    "among: vectors",
    "among: bits",
    "threads: vect.",
    "threads: bits",
    "seconds",
  ]),
);
let bits = 0;
let vectors = 0;
for (const [turn, { kind, hidden }] of shapes.entries()) {
  const start = performance.now();
  const count = await measure(kind, hidden, turn);
  const { amongVectors, amongBits, threadVectors, threadBits } = count;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    row([
      kind,
      hidden,
      count.vectors,
      count.zeros,
      amongVectors,
      amongBits,
      threadVectors,
      threadBits,
      seconds,
    ]),
  );
  bits += amongBits + threadBits;
  vectors += count.vectors;
}
console.log(`${bits} bits differ in ${vectors} vectors of ${shapes.length} shapes`);
process.exitCode = bits === 0 ? 0 : 1;
