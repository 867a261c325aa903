import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  AccountingError,
  composed,
  discreteGaussian,
  discreteLaplace,
  type Event,
  gaussian,
  laplace,
  noOp,
  nonPrivate,
  parseEvent,
  poissonSampled,
  repeated,
} from "./index.js";
import { fromDpAccounting, toDpAccounting } from "./interchange.js";

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const integer = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** Any event but those of discrete Laplace noise, whose parameter is inverted on the way. */
const { anyEvent } = fc.letrec<{ anyEvent: Event }>((tie) => ({
  anyEvent: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    positive.map(gaussian),
    positive.map(laplace),
    fc.tuple(positive, integer).map(([s, n]) => discreteGaussian(s, n)),
    fc
      .tuple(positive, integer, fc.integer({ min: 2, max: 4096 }))
      .map(([s, n, k]) => discreteGaussian(s, n, k)),
    fc.constant(noOp),
    fc.constant(nonPrivate),
    fc
      .tuple(fc.double({ min: 0, max: 1, noNaN: true }), tie("anyEvent"))
      .map(([q, event]) => poissonSampled(q, event)),
    fc
      .tuple(tie("anyEvent"), fc.integer({ min: 0, max: 1e9 }))
      .map(([event, times]) => repeated(event, times)),
    fc.array(tie("anyEvent"), { maxLength: 4 }).map(composed),
  ),
}));

describe("interchange with google dp_accounting", () => {
  test("there and back, through JSON, is the same event", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(fromDpAccounting(JSON.parse(JSON.stringify(toDpAccounting(event))))).toEqual(event);
      }),
      { numRuns: 300 },
    );
  });

  test("back and there keeps what dp_accounting says, too", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const theirs = toDpAccounting(event);
        expect(toDpAccounting(fromDpAccounting(theirs))).toEqual(theirs);
      }),
      { numRuns: 100 },
    );
  });

  test("the parameter of discrete Laplace noise is the inverse scale", () => {
    expect(toDpAccounting(discreteLaplace(4, 3))).toEqual({
      class_name: "DiscreteLaplaceDpEvent",
      noise_parameter: 0.25,
      sensitivity: 3,
    });
    fc.assert(
      fc.property(positive, integer, (scale, sensitivity) => {
        const back = fromDpAccounting(toDpAccounting(discreteLaplace(scale, sensitivity)));
        expect(back).toEqual({ kind: "discreteLaplace", scale: expect.any(Number) as number, sensitivity });
        expect(back.kind === "discreteLaplace" && Math.abs(back.scale / scale - 1)).toBeLessThan(1e-15);
      }),
    );
  });

  // str(dp_event.ComposedDpEvent([SelfComposedDpEvent(PoissonSampledDpEvent(0.01, GaussianDpEvent(2.0)), 10),
  //   LaplaceDpEvent(3.0)]).to_named_tuple()) names these classes and fields, dp_accounting 0.6.0.
  test("classes and fields are dp_accounting's own", () => {
    const event = composed([repeated(poissonSampled(0.01, gaussian(2)), 10), laplace(3)]);
    expect(toDpAccounting(event)).toEqual({
      class_name: "ComposedDpEvent",
      events: [
        {
          class_name: "SelfComposedDpEvent",
          count: 10,
          event: {
            class_name: "PoissonSampledDpEvent",
            sampling_probability: 0.01,
            event: { class_name: "GaussianDpEvent", noise_multiplier: 2 },
          },
        },
        { class_name: "LaplaceDpEvent", noise_multiplier: 3 },
      ],
    });
  });

  test.each([
    ["a class we do not account for", { class_name: "ZCDpEvent", rho: 1 }],
    [
      "one inside",
      { class_name: "SelfComposedDpEvent", count: 2, event: { class_name: "RandomizedResponseDpEvent" } },
    ],
    ["no class", { noise_multiplier: 1 }],
    ["our own form", { kind: "gaussian", noiseMultiplier: 1 }],
  ])("refuses %s", (_, value) => {
    expect(() => fromDpAccounting(value)).toThrow(expect.objectContaining({ code: "unknown-event" }));
  });

  test.each([
    null,
    "GaussianDpEvent",
    { class_name: "GaussianDpEvent" },
    { class_name: "GaussianDpEvent", noise_multiplier: 0 },
    { class_name: "GaussianDpEvent", noise_multiplier: "1" },
    { class_name: "DiscreteLaplaceDpEvent", noise_parameter: 0, sensitivity: 1 },
    { class_name: "DiscreteLaplaceDpEvent", sensitivity: 1 },
    { class_name: "PoissonSampledDpEvent", sampling_probability: 2, event: { class_name: "NoOpDpEvent" } },
    { class_name: "SelfComposedDpEvent", count: 1.5, event: { class_name: "NoOpDpEvent" } },
    { class_name: "ComposedDpEvent", events: { class_name: "NoOpDpEvent" } },
  ])("refuses parameters out of range, missing ones and ones of the wrong type: %j", (value) => {
    expect(() => fromDpAccounting(value)).toThrow(expect.objectContaining({ code: "bad-event" }));
  });
});

test.each<Record<string, unknown>>([
  { class_name: {} },
  { class_name: { toString: 1 } },
  { class_name: [] },
  { class_name: "PoissonSampledDpEvent", sampling_probability: {}, event: { class_name: null } },
  {
    class_name: "PoissonSampledDpEvent",
    sampling_probability: 0.5,
    event: { class_name: { toString: null } },
  },
  { class_name: "DiscreteLaplaceDpEvent", noise_parameter: { valueOf: 1 }, sensitivity: 1 },
  { class_name: "DiscreteLaplaceDpEvent", noise_parameter: "0.5", sensitivity: 1 },
  { class_name: "ComposedDpEvent", events: { length: 3 } },
  { class_name: "ComposedDpEvent", events: [, 1] }, // eslint-disable-line no-sparse-arrays
  {
    class_name: "SelfComposedDpEvent",
    event: { class_name: "GaussianDpEvent", noise_multiplier: 1 },
    count: [],
  },
  { class_name: "x".repeat(1e5) },
])("an event with a part of the wrong type is refused by name and briefly: %#", (event) => {
  for (const read of [
    () => fromDpAccounting(event),
    () => parseEvent({ ...event, kind: event["class_name"] }),
  ]) {
    expect(read).toThrow(AccountingError);
    expect(read).toThrow(/^.{1,300}$/u);
  }
});

test("events that hold themselves, or one event a thousand million times, are refused", () => {
  const circle: Record<string, unknown> = { class_name: "SelfComposedDpEvent", count: 1 };
  circle["event"] = circle;
  expect(() => fromDpAccounting(circle)).toThrow(AccountingError);
  let doubled: Event = gaussian(1);
  for (let i = 0; i < 60; i += 1) doubled = composed([doubled, doubled]);
  expect(() => parseEvent(doubled)).toThrow(AccountingError);
});
