/**
 * Nanoseconds a value of the direction engine; run `npx tsx bench/directions/fill.ts`.
 *
 * Each figure is the median of interleaved rounds. Ratios are to a plain copy of the same array, measured in the
 * same rounds, so that figures from different machines can be compared.
 */
import {
  createDirectionEngine,
  type DirectionEngine,
  type DirectionStream,
} from "../../src/directions/index.js";

/** Head of the embedded model: what the main workload trains with 32 directions. */
const length = 148_608;
const directions = 32;
const rounds = 15;

const runSeed = Uint8Array.from({ length: 32 }, (_, i) => i);
const weights = Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i)));
const anchor = weights.slice();
const plus = new Float32Array(length);
const minus = new Float32Array(length);
let step = 0;

function stream(distribution: DirectionStream["distribution"], direction = 0): DirectionStream {
  const scale = distribution === "sphere" ? 1.001 : 1;
  return { runSeed, step: step++, direction, tensor: "head.weight", distribution, scale };
}

interface Task {
  readonly name: string;
  /** Weights times directions that one call handles. */
  readonly values: number;
  readonly run: () => void;
}

function tasksOf(engine: DirectionEngine, along: number): Task[] {
  const name = engine.name;
  const streams = (): DirectionStream[] => Array.from({ length: along }, (_, k) => stream("gaussian", k));
  const coefficients = new Float32Array(along).fill(1e-4);
  const update = (to: Float32Array | undefined, pull: number): void => {
    engine.update(weights, to, streams(), coefficients, 1e-6, pull);
  };
  const fill = (distribution: DirectionStream["distribution"]): Task => ({
    name: `${name} fill ${distribution}`,
    values: length,
    run: () => {
      engine.fill(stream(distribution), plus);
    },
  });
  return [
    fill("gaussian"),
    fill("rademacher"),
    fill("sphere"),
    {
      name: `${name} perturb gaussian`,
      values: length,
      run: () => {
        engine.perturb(weights, stream("gaussian"), 1e-3, plus, minus);
      },
    },
    {
      name: `${name} update, ${along} directions`,
      values: length * along,
      run: () => {
        update(undefined, 0);
      },
    },
    {
      name: `${name} update with anchor, ${along} directions`,
      values: length * along,
      run: () => {
        update(anchor, 1e-6);
      },
    },
    {
      name: `${name} squared norm`,
      values: length,
      run: () => {
        engine.squaredNorm(stream("sphere"), length);
      },
    },
  ];
}

const copy: Task = {
  name: "copy",
  values: length,
  run: () => {
    plus.set(weights);
  },
};
const tasks = [
  copy,
  ...tasksOf(createDirectionEngine(), directions),
  ...tasksOf(createDirectionEngine({ prefer: "javascript" }), 2),
];

function nanoseconds(task: Task): number {
  const start = performance.now();
  let calls = 0;
  do {
    task.run();
    calls += 1;
  } while (performance.now() - start < 10);
  return ((performance.now() - start) * 1e6) / calls / task.values;
}

const times = new Map(tasks.map((task) => [task, [] as number[]]));
for (const task of tasks) nanoseconds(task);
for (let round = 0; round < rounds; round++) {
  for (const task of tasks) times.get(task)!.push(nanoseconds(task));
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!;
const unit = median(times.get(copy)!);
console.log(`${length} weights; median (least) of ${rounds} rounds`);
for (const [task, list] of times) {
  const nanos = median(list);
  console.log(
    `${task.name.padEnd(48)} ${nanos.toFixed(2).padStart(7)} (${Math.min(...list).toFixed(2)}) ns/value` +
      `${(nanos / unit).toFixed(1).padStart(8)} x copy`,
  );
}
