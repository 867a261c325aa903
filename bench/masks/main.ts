/**
 * What a masked direction costs beside a dense one, and what making a mask costs; run `npx tsx bench/masks/main.ts`.
 *
 * Tensors of the sizes of the embedded model's encoder (6 layers of 384), 10.6M weights in all, K = 16. Each figure is the median of
 * interleaved rounds; the ratio is to the dense operation in the same rounds.
 */
import {
  createDirectionEngine,
  type DirectionStream,
  perturbKept,
  updateKept,
} from "../../src/directions/index.js";
import { makeMask, type MaskScore } from "../../src/masks/index.js";

const [square, wide] = [384 * 384, 4 * 384 * 384];
const sizes = Array.from({ length: 6 }, () => [square, square, square, square, wide, wide]).flat();
const directions = 16;
const rounds = 5;

const engine = createDirectionEngine();
const runSeed = Uint8Array.from({ length: 32 }, (_, i) => i);
const weights = new Map(
  sizes.map((length, at) => [
    `tensor ${at}`,
    // Irregular values: what is small lies anywhere.
    Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(i * i * 0.37 + at)),
  ]),
);
const copies = new Map([...weights].map(([name, w]) => [name, [w.slice(), w.slice()] as const]));
const coefficients = new Float32Array(directions).fill(1e-6);
let step = 0;

function streams(tensor: string): DirectionStream[] {
  step += 1;
  return Array.from({ length: directions }, (_, direction) => ({
    runSeed,
    step,
    direction,
    tensor,
    distribution: "gaussian",
  }));
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function maskOf(ratio: number, score: MaskScore = "small-magnitude"): ReturnType<typeof makeMask> {
  return makeMask({
    spec: { score, strategy: "static", granularity: "weight", ratio, floor: 0.1, queries: 1 },
    stage: 0,
    tensors: [...weights.keys()],
    weights,
    engine,
    runSeed: "0f".repeat(32),
    earlier: [],
  });
}

interface Task {
  readonly name: string;
  readonly run: () => void;
  readonly base?: string;
}

/** Runs once for every tensor. */
function each(run: (tensor: string, w: Float32Array, plus: Float32Array, minus: Float32Array) => void): void {
  for (const [tensor, w] of weights) {
    const [plus, minus] = copies.get(tensor)!;
    run(tensor, w, plus, minus);
  }
}

function masked(ratio: number): Task[] {
  const mask = maskOf(ratio);
  return [
    {
      name: `perturb, ${ratio} kept`,
      base: "perturb, dense",
      run: () => {
        each((tensor, w, plus, minus) => {
          const kept = mask.get(tensor)!;
          for (const stream of streams(tensor)) perturbKept(engine, w, kept, stream, 1e-3, plus, minus);
        });
      },
    },
    {
      name: `update, ${ratio} kept`,
      base: "update, dense",
      run: () => {
        each((tensor, w) => {
          updateKept(engine, w, mask.get(tensor)!, undefined, streams(tensor), coefficients, 1e-9, 0);
        });
      },
    },
  ];
}

const tasks: Task[] = [
  {
    name: "perturb, dense",
    run: () => {
      each((tensor, w, plus, minus) => {
        for (const stream of streams(tensor)) engine.perturb(w, stream, 1e-3, plus, minus);
      });
    },
  },
  {
    name: "update, dense",
    run: () => {
      each((tensor, w) => {
        engine.update(w, undefined, streams(tensor), coefficients, 1e-9, 0);
      });
    },
  },
  ...[0.01, 0.1, 1].flatMap(masked),
  ...(["small-magnitude", "random"] as const).map((score) => ({
    name: `make a mask, ${score}, 0.01 kept`,
    base: "perturb, dense",
    run: () => {
      maskOf(0.01, score);
    },
  })),
];

const times = new Map(tasks.map(({ name }) => [name, [] as number[]]));
for (let round = 0; round <= rounds; round += 1) {
  for (const { name, run } of tasks) {
    const ms = time(run);
    // The first round warms up.
    if (round > 0) times.get(name)!.push(ms);
  }
}
const median = (name: string): number => times.get(name)!.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
for (const { name, base = name } of tasks) {
  console.log(
    `${name.padEnd(40)} ${median(name).toFixed(1).padStart(8)} ms  ${(median(name) / median(base)).toFixed(4)} of dense`,
  );
}
