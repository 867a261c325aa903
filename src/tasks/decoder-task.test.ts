import { expect, test } from "vitest";

import { tinyDecoder } from "../../test/support/tiny-decoder.js";
import { promptTokens } from "./after-prompt.js";
import type { Example } from "./example.js";
import { readText } from "./judgements.js";
import { createTask } from "./create-task.js";
import type { TaskDescription } from "./task.js";
import { createTokenizer } from "./tokenizer.js";

const files = tinyDecoder().files;
const json = (name: string): unknown => JSON.parse(new TextDecoder().decode(files.get(name)));
const tokenizer = createTokenizer({
  tokenizer: json("tokenizer.json"),
  config: json("tokenizer_config.json"),
});
const make = (description: Omit<TaskDescription, "maximumTokens">, maximumTokens = 64) =>
  createTask(tokenizer, { ...description, maximumTokens }, { kind: "causal-lm" });
const text = (ids: ArrayLike<number>): string => tokenizer.decode(Array.from(ids));
const code = (name: string): unknown => expect.objectContaining({ code: name });

const sentiment = { template: "{text} It was {mask}", labelWords: "terrible,great" };

test("label words carry the space, and the last token before the mask is read", () => {
  const task = make(sentiment);
  expect(task.labelWords.map(({ tokenId }) => tokenizer.tokenOf(tokenId))).toEqual(["Ġterrible", "Ġgreat"]);
  const { prompt } = task.example({ text: " A warm film ", label: 1, line: 1 }).texts[0]!;
  expect(text(prompt.inputIds)).toBe("A warm film It was");
  expect(prompt.maskPosition).toBe(prompt.inputIds.length - 1);
  expect(task.objective).toEqual({ kind: "label-words", wordIds: [...task.labelTokenIds] });
});

test("a mask that is not at the end, and a word of several tokens, are refused with what to do", () => {
  expect(() => make({ ...sentiment, template: "{text} It was {mask}." })).toThrow(
    code("template-mask-not-last"),
  );
  expect(() => make({ ...sentiment, labelWords: "terrible,greater" })).toThrow(
    /"greater" is 3 tokens.*great/su,
  );
});

test("exactly one of label words, options and answers; the last two need a decoder", () => {
  expect(() => make({ template: "{text} {mask}" })).toThrow(code("contradictory-task"));
  expect(() => make({ ...sentiment, options: "a|b" })).toThrow(code("contradictory-task"));
  const masked = { template: "{text} {mask}", options: "a|b", maximumTokens: 32 };
  expect(() => createTask(tokenizer, masked)).toThrow(code("needs-decoder"));
});

test("a text is cut, the words after it are not, and an empty text leaves a position to read", () => {
  const task = make(sentiment, 24);
  const { prompt } = task.example({ text: "warm film ".repeat(30), label: 0, line: 1 }).texts[0]!;
  expect(prompt.inputIds.length).toBeLessThanOrEqual(24);
  expect(text(prompt.inputIds)).toMatch(/^warm film.* It was$/u);
  const empty = make({ ...sentiment, template: "{text} {mask}" }).example({ text: " ", label: 0, line: 1 });
  expect([...empty.texts[0]!.prompt.inputIds]).toEqual([0]);
});

const copa = {
  template: "{premise:clause} {question:cause=because,effect=so} {mask}",
  options: "{choice1:lower}|{choice2:lower}",
};
const record = (change: Readonly<Record<string, string>> = {}) => ({
  fields: {
    premise: "The man ran.",
    question: "cause",
    choice1: "I shouted.",
    choice2: "He was late for work.",
    ...change,
  },
  label: "1",
  line: 7,
});

/** What is asked for after the prompt, as text. */
function asked({ texts }: Example): readonly [string, string][] {
  return texts.map((each) => [text(promptTokens(each)), text(each.targets!)]);
}

test("options: one text each, its tokens asked for at the positions before them", () => {
  const example = make(copa).example(record());
  expect(asked(example)).toEqual([
    ["The man ran because", " I shouted."],
    ["The man ran because", " he was late for work."],
  ]);
  expect(example.label).toBe(1);
  for (const { prompt, targets } of example.texts) {
    const next = prompt.readPositions!.map((position) => prompt.inputIds[position + 1]);
    expect(next).toEqual([...targets!]);
    expect(prompt.readPositions!.at(-1)).toBe(prompt.inputIds.length - 2);
  }
});

test("a long premise is cut alike for all options, and an option never takes the whole room", () => {
  const task = make(copa, 40);
  const example = task.example(record({ premise: "very ".repeat(50), choice1: "x".repeat(200) }));
  const prompts = example.texts.map((each) => text(promptTokens(each)));
  expect(new Set(prompts).size).toBe(1);
  expect(prompts[0]).toMatch(/because$/u);
  for (const { prompt } of example.texts) expect(prompt.inputIds.length).toBeLessThanOrEqual(40);
});

test("the loss of options is the cross-entropy of the mean log-likelihoods", () => {
  const task = make({ template: "{text} {mask}", options: "no|yes it is" });
  const example = task.example({ text: "so", label: 1, line: 1 });
  const width = tokenizer.vocabulary.size;
  const readings = example.texts.map((each, option) => {
    const data = new Float32Array(each.targets!.length * width);
    each.targets!.forEach((id, row) => (data[row * width + id] = option + row));
    return readText(task.reading, each.targets, { data, dims: [each.targets!.length, width] });
  });
  const logLikelihood = (logit: number): number => logit - Math.log(Math.exp(logit) + width - 1);
  const rows = [...example.texts[1]!.targets!.keys()];
  const scores = [logLikelihood(0), rows.reduce((sum, row) => sum + logLikelihood(1 + row), 0) / rows.length];
  expect(readings.map((reading) => reading[0])).toEqual(
    scores.map((score) => expect.closeTo(score, 9) as number),
  );
  const total = Math.exp(scores[0]!) + Math.exp(scores[1]!);
  expect(task.loss(example, readings)).toBeCloseTo(-Math.log(Math.exp(scores[1]!) / total), 9);
  expect(task.choice(readings)).toBe(1);
});

test("options of one token have the loss of label words", () => {
  const template = "{text} {mask}";
  const words = make({ template, labelWords: "no,yes" });
  const options = make({ template, options: "no|yes" });
  const logits = Float32Array.from({ length: tokenizer.vocabulary.size }, (_, id) => Math.sin(id));
  const row = { text: "warm", label: 0, line: 1 };
  const [one, two] = [words.example(row), options.example(row)];
  const ids = [...words.labelTokenIds];
  const picked = { data: Float32Array.from(ids, (id) => logits[id]!), dims: [1, 2] };
  const whole = { data: logits, dims: [1, logits.length] };
  expect(
    options.loss(
      two,
      two.texts.map((each) => readText(options.reading, each.targets, whole)),
    ),
  ).toBeCloseTo(words.loss(one, [readText(words.reading, undefined, picked)]), 6);
});

test("labels of options may be named; a column's unknown text, a lacking column and a lacking answer name the line", () => {
  expect(make({ template: "{text} {mask}", options: "n=no|y=yes" }).labels).toEqual(["n", "y"]);
  const task = make(copa);
  for (const [bad, name] of [
    [record({ question: "CANARY" }), "unknown-slot-text"],
    [{ ...record(), label: "CANARY" }, "unknown-label"],
  ] as const) {
    expect(() => task.example(bad)).toThrow(expect.objectContaining({ code: name, value: 7 }));
    expect(() => task.example(bad)).not.toThrow(/CANARY/u);
  }
  expect(() => task.example({ text: "a", label: 0, line: 2 })).toThrow(code("missing-text"));
  const squad = make({ template: "{question} {mask}", answers: "answers", answerTokens: 8 });
  expect(() => squad.example({ fields: { question: "who" }, answers: [], line: 4 })).toThrow(
    expect.objectContaining({ code: "missing-answers", value: 4 }),
  );
});

for (const [options, why] of [
  ["one", /fewer than two/u],
  ["a||b", /empty/u],
  ["a|a", /twice/u],
  ["a|{mask}", /mask/u],
  ["x=a|b", /some/u],
] as const) {
  test(`options ${JSON.stringify(options)} are refused`, () => {
    expect(() => make({ template: "{text} {mask}", options })).toThrow(why);
    expect(() => make({ template: "{text} {mask}", options })).toThrow(code("invalid-options"));
  });
}

test("answers: the first one and its line break are asked for, within the limit, and prompts leave room for it", () => {
  const task = make({ template: "{question}\nAnswer: {mask}", answers: "answers", answerTokens: 10 }, 48);
  const fields = { question: "who ".repeat(40) };
  const example = task.example({ fields, answers: ["a\n  man", "he"], line: 1 });
  expect(asked(example)[0]![1]).toBe(" a man\n");
  expect(asked(example)[0]![0]).toMatch(/\nAnswer:$/u);
  expect(promptTokens(example.texts[0]!).length).toBeLessThanOrEqual(38);
  expect(example.answers).toEqual(["a\n  man", "he"]);
  const long = task.example({ fields, answers: ["x".repeat(99)], line: 1 });
  expect(long.texts[0]!.targets).toHaveLength(10);
  const ends = [...task.answering!.endTokens].map((id) => tokenizer.tokenOf(id));
  expect(ends.sort()).toEqual(["<|endoftext|>", "Ċ"]);
});

test("demonstrations stand before the prompt as text, cut as a prompt is", () => {
  const row = { text: "dull", label: 0, line: 1 };
  expect(make(sentiment).demonstration(row)).toBe("dull It was terrible");
  expect(make(copa).demonstration(record())).toBe("The man ran because he was late for work.");
  const led = createTask(
    tokenizer,
    { ...sentiment, maximumTokens: 64 },
    { kind: "causal-lm", lead: "dull It was terrible\n\n" },
  );
  expect(text(led.encode({ text: "warm" }).inputIds)).toBe("dull It was terrible\n\nwarm It was");
});
