/**
 * Our accountant beside google dp_accounting: the same queries, in one run, interleaved.
 *
 * Run: `npm run bench:accounting -- PYTHON [rounds]`, where PYTHON has `tools/accounting/requirements.txt` installed.
 * Prints Markdown; docs/benchmarks.md holds what was measured. Correctness comes first: an upper bound of theirs below
 * our lower bound, or of ours below the best lower bound known, ends the run.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { delta as deltaOf, epsilon, gaussian, poissonSampled, repeated } from "../../src/accounting/index.js";
import { type Answer, answer, eventOf, finePrecision } from "./ours.js";
import { moved, queries, type Query } from "./queries.js";

const [python, rounds = "7"] = process.argv.slice(2);
if (python === undefined) throw new Error("Usage: npm run bench:accounting -- PYTHON [rounds]");
const reference = fileURLToPath(new URL("reference.py", import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A Python process that answers queries one at a time. */
function startReference(interpreter: string): { ask: (query: Query) => Promise<Answer>; stop: () => void } {
  const child = spawn(interpreter, [reference], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (query) => {
      child.stdin.write(`${JSON.stringify(query)}\n`);
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      if (line.done === true) throw new Error("The Python side ended.");
      return JSON.parse(line.value) as Answer;
    },
    stop: () => child.stdin.end(),
  };
}

interface Sample {
  readonly ours: Answer[];
  readonly fine: Answer[];
  readonly theirs: Answer[];
}

/** Rounds of all sides back to back, in turn first, after one call each that is not counted. */
async function measure(query: Query, ask: (query: Query) => Promise<Answer>): Promise<Sample> {
  const sample: Sample = { ours: [], fine: [], theirs: [] };
  for (let round = -1; round < Number(rounds); round += 1) {
    const asked = moved(query, round);
    const sides: (() => Promise<void>)[] = [
      async () => void sample.theirs.push(await ask(asked)),
      async () => void sample.ours.push(await Promise.resolve(answer(asked))),
      async () => {
        if (query.epsilon !== undefined) return;
        sample.fine.push(await Promise.resolve(answer(asked, { precision: finePrecision })));
      },
    ];
    const turn = (round + sides.length) % sides.length;
    for (const side of [...sides.slice(turn), ...sides.slice(0, turn)]) await side();
    if (round === -1) Object.values(sample).forEach((list: Answer[]) => (list.length = 0));
  }
  return sample;
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
const show = (ms: number): string => (ms < 100 ? ms.toPrecision(3) : Math.round(ms).toLocaleString("en"));
const spread = (answers: readonly Answer[]): string => {
  const times = answers.map(({ milliseconds }) => milliseconds);
  return `${show(median(times))} (${show(Math.min(...times))} to ${show(Math.max(...times))})`;
};
const ratioOf = (theirs: readonly Answer[], ours: readonly Answer[]): string =>
  `${median(theirs.map(({ milliseconds }, i) => milliseconds / ours[i]!.milliseconds)).toFixed(1)} x`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** A lower bound on the true answer, at our finest: what the excess of every upper bound is measured from. */
function floorOf(query: Query, near: number): number {
  const finest = { precision: { relative: 1e-7, absolute: 1e-8 } };
  if (query.epsilon === undefined) {
    return epsilon(eventOf(query), query.delta, finest).epsilonLower;
  }
  // The largest noise that is known not to reach the target.
  const [[rate, , steps]] = query.phases as [[number, number, number]];
  const misses = (noise: number): boolean =>
    deltaOf(repeated(poissonSampled(rate, gaussian(noise)), steps), query.epsilon!, {
      ...finest,
      nearDelta: query.delta,
    }).deltaLower > query.delta;
  let [low, high] = [near * (1 - 1e-3), near];
  if (!misses(low)) return 0;
  while (high / low > 1 + 1e-7) {
    const middle = (low + high) / 2;
    if (misses(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function checked(query: Query, ours: number, theirs: number, floor: number): string[] {
  if (!(ours >= floor && theirs >= floor * (1 - 1e-6))) {
    throw new Error(`${query.name}: ours ${ours}, theirs ${theirs}, but at least ${floor}.`);
  }
  const excess = (value: number): string => (value / floor - 1).toExponential(1);
  const shown = (value: number): string => value.toFixed(7);
  return [query.name, shown(floor), shown(ours), excess(ours), shown(theirs), excess(theirs)];
}

/** First call in a fresh process on both sides, in turn: the call alone, and the whole process. */
function cold(folder: string, index: number): string[] {
  const once = (command: string, args: string[], input: string): { call: number; whole: number } => {
    const start = performance.now();
    const { stdout, status } = spawnSync(command, args, { input, encoding: "utf8" });
    const whole = performance.now() - start;
    if (status !== 0) throw new Error(`${command} ended with ${status}.`);
    return { call: (JSON.parse(stdout) as Answer).milliseconds, whole };
  };
  const sides = {
    ours: () => once(process.execPath, [join(folder, "cold.mjs"), String(index)], ""),
    theirs: () => once(python!, [reference], `${JSON.stringify(queries[index])}\n`),
  };
  const ours: { call: number; whole: number }[] = [];
  const theirs: { call: number; whole: number }[] = [];
  for (let i = 0; i < 3; i += 1) {
    ours.push(sides.ours());
    theirs.push(sides.theirs());
  }
  const of = (list: typeof ours, key: "call" | "whole"): number => median(list.map((one) => one[key]));
  return [
    queries[index]!.name,
    show(of(ours, "call")),
    show(of(theirs, "call")),
    `${(of(theirs, "call") / of(ours, "call")).toFixed(1)} x`,
    show(of(ours, "whole")),
    show(of(theirs, "whole")),
  ];
}

async function bundle(entry: string, outfile: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
    outfile,
  });
  return outputFiles[0]!.contents;
}

async function main(): Promise<void> {
  const version = spawnSync(python!, ["-c", "import sys; print(sys.version.split()[0])"], {
    encoding: "utf8",
  });
  const before = loadavg()[0]!;
  const { ask, stop } = startReference(python!);
  const right: string[][] = [];
  const times: string[][] = [];
  for (const query of queries) {
    const first = answer(query).value;
    const [reported, floor] = [(await ask(query)).value, floorOf(query, first)];
    right.push(checked(query, first, reported, floor));
    const { ours, fine, theirs } = await measure(query, ask);
    times.push([query.name, spread(ours), spread(theirs), ratioOf(theirs, ours)]);
    if (fine.length === 0) continue;
    const value = answer(query, { precision: finePrecision }).value;
    right.push(checked({ ...query, name: "the same, finer" }, value, reported, floor));
    times.push(["the same, finer", spread(fine), "as above", ratioOf(theirs, fine)]);
  }
  stop();
  const folder = mkdtempSync(join(tmpdir(), "dpzo-bench-"));
  writeFileSync(join(folder, "cold.mjs"), await bundle("cold.ts", "cold.mjs"));
  const firstCalls = queries.map((_, index) => cold(folder, index));
  rmSync(folder, { recursive: true });
  const code = await bundle("../../src/accounting/index.ts", "accounting.mjs");

  console.log(`${new Date().toISOString().slice(0, 10)}; ${cpus()[0]?.model ?? "?"}, ${cpus().length} cores;
Node ${process.versions.node}; Python ${version.stdout.trim()}, dp_accounting 0.6.0, discretisation 1e-4;
load ${before.toFixed(1)} at the start, ${loadavg()[0]!.toFixed(1)} at the end; ${rounds} rounds.\n`);
  const query = "query";
  console.log(table([query, "at least", "ours", "excess", "dp_accounting", "excess"], right), "\n");
  console.log(table([query, "ours, ms", "dp_accounting, ms", "ratio"], times), "\n");
  console.log(
    table([query, "our first call, ms", "theirs, ms", "ratio", "our process, ms", "theirs, ms"], firstCalls),
    "\n",
  );
  console.log(`dpzo/accounting, minified: ${code.length} bytes; gzip ${gzipSync(code).length} bytes.`);
}

await main();
