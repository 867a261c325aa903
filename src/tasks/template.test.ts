import { expect, test } from "vitest";
import { TaskError } from "./errors.js";
import { parseTemplate } from "./template.js";

test("splits a template into literals and slots", () => {
  expect(parseTemplate("{text} it was {mask}.").parts).toEqual([
    { kind: "slot", name: "text" },
    { kind: "literal", text: " it was " },
    { kind: "mask" },
    { kind: "literal", text: "." },
  ]);
  expect(parseTemplate("{text} ? {mask} , {pair}").hasPair).toBe(true);
});

test("doubled braces are braces", () => {
  expect(parseTemplate("{{{text}}} {mask}").parts[0]).toEqual({ kind: "literal", text: "{" });
  expect(parseTemplate("{{x}} {text}{mask}").parts[0]).toEqual({ kind: "literal", text: "{x} " });
});

for (const [code, source] of [
  ["template-no-mask", "{text} it was"],
  ["template-two-masks", "{text} {mask} {mask}"],
  ["template-no-text", "it was {mask}"],
  ["template-no-text", "{pair} it was {mask}"],
  ["template-repeated-slot", "{text} {text} {mask}"],
  ["template-repeated-slot", "{text} {pair} {pair} {mask}"],
  ["template-unknown-slot", "{mask:lower} {text} {mask}"],
  ["template-unknown-slot", "{ text} {mask}"],
  ["template-unknown-change", "{text:shout} {mask}"],
  ["template-unknown-slot", "{text} {} {mask}"],
  ["template-stray-brace", "{text it was {mask}"],
  ["template-stray-brace", "{text} it was {mask} }"],
] as const) {
  test(`refuses ${JSON.stringify(source)} with ${code}`, () => {
    expect(() => parseTemplate(source)).toThrow(TaskError);
    expect(() => parseTemplate(source)).toThrow(expect.objectContaining({ code }));
  });
}

test("a slot may name any column, and say what is done to its text", () => {
  const parts = parseTemplate("{premise:clause} {question:cause=because, effect=so} {mask}").parts;
  expect(parts.filter(({ kind }) => kind === "slot")).toEqual([
    { kind: "slot", name: "premise", change: { kind: "clause" } },
    {
      kind: "slot",
      name: "question",
      change: {
        kind: "map",
        texts: new Map([
          ["cause", "because"],
          ["effect", "so"],
        ]),
      },
    },
  ]);
});
