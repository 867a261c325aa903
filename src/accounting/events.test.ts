import { describe, expect, test } from "vitest";

import { AccountingError } from "./errors.js";
import {
  composed,
  discreteGaussian,
  gaussian,
  noOp,
  parseEvent,
  poissonSampled,
  repeated,
} from "./events.js";

const run = composed([
  repeated(poissonSampled(0.0625, discreteGaussian(5 * 2 ** 20, 2 ** 20, 32)), 2000),
  repeated(poissonSampled(0.01, gaussian(2)), 10),
  noOp,
]);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AccountingError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

describe("events", () => {
  test("an event survives JSON", () => {
    expect(parseEvent(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });

  test("refuses an unknown kind at any depth", () => {
    const hidden = { kind: "composed", events: [{ kind: "repeated", times: 3, event: { kind: "mystery" } }] };
    expect(codeOf(() => parseEvent(hidden))).toBe("unknown-event");
    expect(() => parseEvent(hidden)).toThrow(/mystery at event\.events\[0\]\.event/);
  });

  test.each([
    { kind: "gaussian" },
    { kind: "gaussian", noiseMultiplier: 0 },
    { kind: "gaussian", noiseMultiplier: "2" },
    { kind: "gaussian", noiseMultiplier: NaN },
    { kind: "laplace", scale: -1 },
    { kind: "laplace", scale: Infinity },
    { kind: "discreteGaussian", standardDeviation: 3, sensitivity: 1.5 },
    { kind: "discreteGaussian", standardDeviation: 3, sensitivity: 1, dimensions: 0 },
    { kind: "discreteLaplace", scale: 3 },
    { kind: "poissonSampled", samplingRate: 1.1, event: { kind: "noOp" } },
    { kind: "poissonSampled", samplingRate: NaN, event: { kind: "noOp" } },
    { kind: "repeated", times: 1.5, event: { kind: "noOp" } },
    { kind: "repeated", times: -1, event: { kind: "noOp" } },
    { kind: "composed", events: "all" },
    { kind: "composed" },
    null,
    "gaussian",
    [],
    7,
  ])("refuses parameters out of range, missing ones and ones of the wrong type: %j", (value) => {
    expect(["bad-event", "unknown-event"]).toContain(codeOf(() => parseEvent(value)));
  });

  test("refuses a nest without end instead of overflowing the stack", () => {
    let deep: unknown = { kind: "noOp" };
    for (let i = 0; i < 10_000; i += 1) deep = { kind: "repeated", times: 1, event: deep };
    expect(codeOf(() => parseEvent(deep))).toBe("bad-event");
  });

  test("the result is a deep frozen copy; nothing of the argument is kept", () => {
    const inner = { kind: "gaussian", noiseMultiplier: 2 };
    const parsed = parseEvent({ kind: "composed", events: [inner] });
    inner.noiseMultiplier = 1e9;
    expect(parsed).toEqual({ kind: "composed", events: [{ kind: "gaussian", noiseMultiplier: 2 }] });
    expect(Object.isFrozen(parsed)).toBe(true);
    expect(
      parsed.kind === "composed" && Object.isFrozen(parsed.events) && Object.isFrozen(parsed.events[0]),
    ).toBe(true);
  });
});
