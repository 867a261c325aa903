import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  createLabelIndex,
  namedTask,
  parseLabelWords,
  parseOptions,
  type TaskRecord,
  usualColumns,
} from "../tasks/index.js";
import { countRecords } from "./count-records.js";
import { fileRecords, type TaskColumns } from "./task-files.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dpzo-columns-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const jsonl = (...rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

async function read(file: string, columns: TaskColumns): Promise<readonly TaskRecord[]> {
  const records: TaskRecord[] = [];
  for await (const record of fileRecords(file, columns)) records.push(record);
  return records;
}

/** The settings of `--task NAME` for the kind of model that has it. */
function settings(task: string): TaskColumns {
  const kind = ["copa", "squad"].includes(task) ? "causal-lm" : "masked-lm";
  return { text: "text", label: "label", ...namedTask(task, kind), task };
}

function labelOf(task: string, { label, line }: TaskRecord): number {
  const { labelWords, options } = settings(task);
  const list =
    labelWords === undefined
      ? { words: parseOptions(options ?? "").sources, labels: undefined }
      : parseLabelWords(labelWords);
  return createLabelIndex(list).indexOf(label, line);
}

const pair = { premise: "p", hypothesis: "h" };
const sentences = { sentence1: "p", sentence2: "h" };

/** Rows as the Hub and the archives have them, and the index of the label that each stands for. */
const rows: readonly (readonly [task: string, from: string, row: object, label: number])[] = [
  ["boolq", "SuperGLUE's archive", { question: "q", passage: "p", idx: 0, label: true }, 1],
  ["boolq", "google/boolq", { question: "q", passage: "p", answer: false }, 0],
  ["boolq", "the Hub's super_glue", { question: "q", passage: "p", idx: 0, label: 1 }, 1],
  ["cb", "SuperGLUE's archive", { ...pair, label: "neutral", idx: 1 }, 2],
  ["cb", "the Hub's super_glue", { ...pair, idx: 1, label: 1 }, 1],
  ["rte", "SuperGLUE's archive", { ...pair, label: "not_entailment", idx: 1 }, 1],
  ["rte", "the Hub's glue", { ...sentences, label: 0, idx: 1 }, 0],
  ["mnli", "the Hub's glue", { ...pair, label: 2, idx: 1 }, 2],
  ["mnli", "its archive", { ...sentences, gold_label: "contradiction", annotator_labels: ["neutral"] }, 2],
  ["snli", "the Hub", { ...pair, label: 1 }, 1],
  ["snli", "its archive", { ...sentences, gold_label: "entailment", sentence1_parse: "(p)" }, 0],
  ["sst2", "the Hub's glue", { idx: 3, sentence: "s", label: 1 }, 1],
  ["sst2", "SetFit", { text: "s", label: 0, label_text: "negative" }, 0],
  ["sst5", "SetFit", { text: "s", label: 4, label_text: "very positive" }, 4],
  ["mr", "rotten_tomatoes", { text: "s", label: 1 }, 1],
  ["cr", "SetFit", { text: "s", label: 1, label_text: "positive" }, 1],
  ["subj", "ours", { text: "s", label: 1 }, 1],
  ["subj", "SetFit, numbered the other way round", { text: "s", label: 0, label_text: "objective" }, 1],
  ["subj", "SetFit, numbered the other way round", { text: "s", label: 1, label_text: "subjective" }, 0],
  ["trec", "ours", { text: "s", label: 2 }, 2],
  ["trec", "its archive's letters", { text: "s", label: "NUM" }, 5],
  ["trec", "the Hub", { text: "s", coarse_label: 0, fine_label: 1 }, 2],
  ["trec", "the Hub", { text: "s", coarse_label: 2, fine_label: 12 }, 0],
  ["trec", "the Hub as it was", { text: "s", "label-coarse": 4, "label-fine": 12 }, 5],
  ["spam", "sms_spam", { sms: "s", label: 1 }, 1],
  ["spam", "words", { text: "s", label: "ham" }, 0],
  ["agnews", "the Hub", { text: "s", label: 3 }, 3],
  [
    "copa",
    "the Hub's super_glue",
    { premise: "p", choice1: "a", choice2: "b", question: "cause", idx: 0, label: 1 },
    1,
  ],
];

describe.each(rows)("%s", (task, from, row, label) => {
  test(`${from}: ${JSON.stringify(row).slice(0, 60)} is label ${label}`, async () => {
    const file = path("row.jsonl", jsonl(row));
    const [record] = await read(file, settings(task));
    expect(labelOf(task, record!)).toBe(label);
    expect(await countRecords({ ...settings(task), data: file })).toBe(1);
    if ("premise" in row && task !== "copa") expect(record).toMatchObject({ text: "p", pair: "h" });
    if ("sentence1" in row) expect(record).toMatchObject({ text: "p", pair: "h" });
  });
});

test("the same columns in CSV and TSV", async () => {
  const csv = path("rte.csv", "idx,sentence1,sentence2,label\n0,p,h,not_entailment\n");
  const tsv = path("rte.tsv", 'index\tsentence1\tsentence2\tlabel\n0\t"p\th\tentailment\n');
  const boolq = path("boolq.csv", "question,passage,answer\nq,p,True\nq,p,FALSE\n");
  expect((await read(csv, settings("rte"))).map((record) => labelOf("rte", record))).toEqual([1]);
  expect(await read(tsv, settings("rte"))).toMatchObject([{ text: '"p', pair: "h" }]);
  expect((await read(boolq, settings("boolq"))).map((record) => labelOf("boolq", record))).toEqual([1, 0]);
});

test("SQuAD's answers: an object of lists, a list, one text; none, as SQuAD 2 has, is an empty list", async () => {
  const common = { context: "c", question: "q" };
  const file = path(
    "squad.jsonl",
    jsonl(
      { ...common, answers: { text: ["a", "b"], answer_start: [1, 2] } },
      { ...common, answers: ["a"] },
      { ...common, answers: "a" },
      { ...common, answers: { text: [], answer_start: [] } },
    ),
  );
  const found = await read(file, settings("squad"));
  expect(found.map(({ answers }) => answers)).toEqual([["a", "b"], ["a"], ["a"], []]);
  for (const answers of [
    { text: [5] },
    { texts: ["a"] },
    null,
    { text: null },
    [["a"]],
    { text: { text: "a" } },
  ]) {
    const bad = path("bad.jsonl", jsonl({ ...common, answers }));
    await expect(read(bad, settings("squad")), JSON.stringify(answers)).rejects.toMatchObject({
      code: "not-text",
      value: 1,
    });
  }
});

test("a test set's rows without a label are refused in words, by the task's index", async () => {
  const file = path("test.jsonl", jsonl({ ...pair, label: -1 }));
  const [record] = await read(file, settings("mnli"));
  expect(() => labelOf("mnli", record!)).toThrow(/line 1 .*no label/u);
  const dash = path("dash.jsonl", jsonl({ ...sentences, gold_label: "-" }));
  const [undecided] = await read(dash, settings("snli"));
  expect(() => labelOf("snli", undecided!)).toThrow(expect.objectContaining({ code: "unknown-label" }));
});

test("columns and labels of one's own mean those alone", async () => {
  const file = path("own.jsonl", jsonl({ ...pair, label: "neutral" }));
  const words = { ...settings("mnli"), labelWords: "entailment=yes,neutral=maybe,contradiction=no" };
  const [record] = await read(file, words);
  expect(record).toMatchObject({ text: "p", pair: "h", label: "neutral" });
  await expect(read(file, { ...settings("mnli"), text: "context" })).rejects.toMatchObject({
    code: "missing-column",
  });
  await expect(read(file, { ...settings("mnli"), label: "gold" })).rejects.toMatchObject({
    code: "missing-column",
  });
  await expect(read(file, { ...settings("mnli"), task: undefined })).rejects.toMatchObject({
    code: "missing-column",
  });
});

test("every task with other names is a task, and none of its labels' names is left out", () => {
  for (const [task, { label }] of Object.entries(usualColumns)) {
    const { labels } = createLabelIndex(parseLabelWords(namedTask(task).labelWords ?? ""));
    for (const { values = {} } of [label ?? {}, ...(label?.others ?? []), ...(label?.better ?? [])]) {
      const targets = Object.values(values);
      for (const target of targets) expect(labels, task).toContain(target);
      if (targets.length > 0) expect(new Set(targets).size, task).toBe(labels.length);
    }
  }
});
