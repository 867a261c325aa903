import { availableParallelism } from "node:os";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { exitCodeOf, exitCodes } from "../cli/exit-codes.js";
import { nodeRuntime } from "./onnxruntime.js";
import { defaultThreads, readThreads } from "./threads.js";

beforeEach(() => vi.stubEnv("DPZO_THREADS", undefined));
afterEach(() => vi.unstubAllEnvs());

/** What a function throws. */
function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

test.each(["0", "abc", "", " ", "-1", "1.5", "1e3", "0x10", "1025", "4 ", "Infinity", "9".repeat(400)])(
  "%j is no number of threads: the flag and the variable say so, with what was written, and it is the caller's slip",
  (text) => {
    const byFlag = thrown(() => readThreads(text, "--threads"));
    expect(byFlag).toMatchObject({ code: "invalid-threads" });
    expect(String(byFlag)).toContain(`--threads is ${JSON.stringify(text).slice(0, 100)}`);
    expect(String(byFlag).length).toBeLessThan(500);
    expect(exitCodeOf(byFlag)).toBe(exitCodes.usage);
    vi.stubEnv("DPZO_THREADS", text);
    if (text === "") expect(defaultThreads()).toBe(availableParallelism());
    else expect(String(thrown(() => nodeRuntime()))).toContain("DPZO_THREADS is ");
  },
);

test("the option goes before the variable, and the variable before the machine", () => {
  expect(defaultThreads()).toBe(availableParallelism());
  vi.stubEnv("DPZO_THREADS", "3");
  expect(nodeRuntime().workers?.count).toBe(3);
  expect(nodeRuntime({ threads: 2 }).workers?.count).toBe(2);
  expect(nodeRuntime({ threads: 1 }).workers).toBeUndefined();
  for (const threads of [0, -1, 1.5, Number.NaN, 1025])
    expect(thrown(() => nodeRuntime({ threads }))).toMatchObject({ code: "invalid-threads" });
});
