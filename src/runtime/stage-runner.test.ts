import { expect, test } from "vitest";

import type { ModelStage } from "../model/description.js";
import type { InferenceRuntime, Tensor } from "./runtime.js";
import { gatherRows, StageRunner } from "./stage-runner.js";

interface Fake extends InferenceRuntime {
  created: number;
  released: number;
}

/** A runtime that adds the first weight to the activation; it lists the inputs it is told to. */
function fakeRuntime(inputNames: readonly string[]): Fake {
  const runtime: Fake = {
    name: "fake",
    version: "0",
    created: 0,
    released: 0,
    createSession: () => {
      runtime.created += 1;
      return Promise.resolve({
        inputNames,
        run: ({ x, w }) => {
          const sum = Float32Array.of((x?.data[0] ?? 0) + (w?.data[0] ?? 0));
          return Promise.resolve({ y: { data: sum, dims: [1] } });
        },
        release: () => {
          runtime.released += 1;
          return Promise.resolve();
        },
      });
    },
  };
  return runtime;
}

const stage = (name: string, key: string): ModelStage => ({
  name,
  program: { key, build: () => new Uint8Array(), activations: ["x"], outputs: { y: "x" } },
  weights: [{ input: "w", tensor: `${name}.w` }],
});
const scalar = (value: number): Tensor<Float32Array> => ({ data: Float32Array.of(value), dims: [1] });
const source = ({ tensor }: { tensor: string }): Tensor<Float32Array> =>
  scalar(tensor.startsWith("a") ? 10 : 100);

test("stages of one shape share one session, each with its own weights", async () => {
  const runtime = fakeRuntime(["x", "w"]);
  const runner = new StageRunner(runtime);
  const kept = { ...{ x: scalar(1), other: scalar(7) } };
  const after = await runner.run(stage("b", "k"), source, await runner.run(stage("a", "k"), source, kept));
  expect(after["x"]!.data[0]).toBe(111);
  expect(after["other"]).toBe(kept.other);
  expect(kept.x.data[0]).toBe(1);
  expect(runtime.created).toBe(1);
  await runner.run(stage("c", "other"), source, kept);
  expect(runtime.created).toBe(2);
  await runner.release();
  expect(runtime.released).toBe(2);
  await runner.run(stage("a", "k"), source, kept);
  expect(runtime.created).toBe(3);
});

test("a session is only used when the runtime itself lists every weight among its inputs", async () => {
  const runner = new StageRunner(fakeRuntime(["x"]));
  await expect(runner.run(stage("a", "k"), source, { x: scalar(1) })).rejects.toMatchObject({
    code: "weight-not-an-input",
    value: ["w"],
  });
});

test("an activation that is not there is named with its stage", async () => {
  const runner = new StageRunner(fakeRuntime(["x", "w"]));
  await expect(runner.run(stage("a", "k"), source, {})).rejects.toMatchObject({
    code: "missing-feed",
    value: "x",
  });
});

test("rows are gathered in the order that was asked for, as a copy", () => {
  const data = Float32Array.of(0, 1, 10, 11, 20, 21);
  const rows = gatherRows(data, [3, 2], [2, 0, 2]);
  expect([...rows.data]).toEqual([20, 21, 0, 1, 20, 21]);
  expect(rows.dims).toEqual([3, 2]);
  rows.data[0] = 9;
  expect(data[4]).toBe(20);
});
