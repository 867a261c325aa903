import { keystream } from "./chacha.js";
import { gaussian } from "./gaussian.js";
import type { DirectionKernels } from "./kernels.js";
import { type Workspace, workspaceBytes, workspaceIn } from "./workspace.js";

const { fround } = Math;

/** The plain JavaScript twin: slower, needs nothing, same bits as the WebAssembly one. */
export function javascriptKernels(): DirectionKernels {
  const workspace = workspaceIn(new ArrayBuffer(workspaceBytes));
  return {
    name: "javascript",
    workspace,
    keystream: (first, blocks, doubleRounds) => {
      keystream(workspace, first, blocks, doubleRounds);
    },
    gaussian: (blocks) => {
      gaussian(workspace, blocks);
    },
    rademacher: (count) => {
      rademacher(workspace, count);
    },
    ...elementwise(workspace),
  };
}

/** Value i is +1 where bit i mod 32 of word floor(i / 32) is clear, -1 where it is set. */
function rademacher({ words, values }: Workspace, count: number): void {
  for (let i = 0; i < count * 32; i++) values[i] = ((words[i >> 5] ?? 0) >>> (i & 31)) & 1 ? -1 : 1;
}

type Elementwise = Omit<DirectionKernels, "name" | "workspace" | "keystream" | "gaussian" | "rademacher">;

/** Reads past the end of a buffer cannot happen: counts are at most a chunk. */
function elementwise({ values, weights, plus, minus, accumulator, squares }: Workspace): Elementwise {
  return {
    scale(count, factor) {
      for (let i = 0; i < count; i++) values[i] = (values[i] ?? 0) * factor;
    },
    perturb(count, smoothing) {
      for (let i = 0; i < count; i++) {
        const weight = weights[i] ?? 0;
        const move = fround(smoothing * (values[i] ?? 0));
        plus[i] = weight + move;
        minus[i] = weight - move;
      }
    },
    clear(count) {
      accumulator.fill(0, 0, count);
    },
    accumulate(count, coefficient) {
      for (let i = 0; i < count; i++) {
        accumulator[i] = (accumulator[i] ?? 0) + fround(coefficient * (values[i] ?? 0));
      }
    },
    step(count, learningRate) {
      for (let i = 0; i < count; i++) {
        weights[i] = (weights[i] ?? 0) - fround(learningRate * (accumulator[i] ?? 0));
      }
    },
    pulledStep(count, learningRate, pull) {
      const divisor = fround(1 + pull);
      for (let i = 0; i < count; i++) {
        const pulled = fround((weights[i] ?? 0) + fround(pull * (minus[i] ?? 0)));
        const moved = fround(pulled - fround(learningRate * (accumulator[i] ?? 0)));
        weights[i] = moved / divisor;
      }
    },
    squares(count) {
      for (let i = 0; i < count; i++) {
        const value = values[i] ?? 0;
        squares[i & 3] = (squares[i & 3] ?? 0) + value * value;
      }
    },
  };
}
