import { expect, test } from "vitest";

import { memoryFile } from "../files.js";
import { type ColumnRequest, DataError, type DataFormat, readRecords, type ReadOptions } from "./index.js";

const secret = "my secret diagnosis is X";
const columns: readonly ColumnRequest[] = [
  { name: "text", kind: "text", others: [{ name: "sentence" }] },
  { name: "label", kind: "label" },
  { name: "who", kind: "unit" },
];

async function refusal(content: string, format: DataFormat, options: ReadOptions = {}): Promise<DataError> {
  const file = memoryFile("f", new TextEncoder().encode(content));
  try {
    for await (const record of readRecords(file, format, columns, options)) expect(record).toBeDefined();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return error as DataError;
  }
  throw new Error("nothing was refused");
}

const files: readonly (readonly [what: string, format: DataFormat, content: string, code: string])[] = [
  ["no header row", "csv", `${secret},1,ann\nfine,0,bob\n`, "missing-column"],
  ["no header row", "tsv", `${secret}\t1\tann\nfine\t0\tbob\n`, "missing-column"],
  ["no header row, one column", "csv", `${secret}\nfine\n`, "missing-column"],
  ["no header row, a value twice", "csv", `${secret},${secret},ann\nfine,0,bob\n`, "missing-column"],
  ["no header row, blank lines first", "csv", `\n\n${secret},1,ann\n`, "missing-column"],
  ["no header row, a row in quotes", "csv", `"${secret}",1,ann\n`, "missing-column"],
  ["semicolons", "csv", `text;label;${secret}\nfine;0;x\n`, "missing-column"],
  ["a header with the text's name alone", "csv", `text,klass,${secret}\na,1,ann\n`, "missing-column"],
  ["a header without the unit", "csv", `text,label,${secret}\na,1,ann\n`, "missing-column"],
  ["a name in other capitals", "csv", `Text ,label,${secret}\na,1,ann\n`, "missing-column"],
  ["a near name that is a value", "csv", `texts ${secret},label,who\na,1,ann\n`, "missing-column"],
  ["a wanted column twice", "csv", `text,label,who,text,${secret}\na,1,ann,b,c\n`, "duplicate-column"],
  ["a row of too many fields", "csv", `text,label,who\n${secret},1,ann,x\n`, "ragged-row"],
  ["a row of too few fields", "tsv", `text\tlabel\twho\n${secret}\n`, "ragged-row"],
  ["keys that are values", "jsonl", `{"${secret}":"fine","label":0,"who":1}`, "missing-column"],
  ["keys inside the wanted value", "jsonl", `{"text":{"${secret}":1},"label":0,"who":1}`, "not-text"],
  ["keys inside the label", "jsonl", `{"text":"a","label":{"${secret}":1},"who":1}`, "bad-label"],
  ["keys inside the unit", "jsonl", `{"text":"a","label":1,"who":["${secret}"]}`, "bad-unit"],
  ["a wanted key twice", "jsonl", `{"text":"${secret}","text":"b","label":1,"who":1}`, "duplicate-column"],
  [
    "a wanted key twice, once escaped",
    "jsonl",
    `{"l\\u0061bel":"${secret}","text":"b","label":1,"who":1}`,
    "duplicate-column",
  ],
  ["text that is not JSON", "jsonl", secret, "not-json"],
  ["a JSON string", "jsonl", `"${secret}"`, "not-an-object"],
  ["a JSON array of rows", "jsonl", `[{"text":"${secret}","label":1}]`, "not-an-object"],
  ["a NUL byte", "csv", `text,label,who\n${secret}\0,1,ann\n`, "nul-byte"],
  ["a NUL byte", "jsonl", `{"text":"${secret}\0","label":1,"who":1}`, "nul-byte"],
  ["an open quote", "csv", `text,label,who\n"${secret},1,ann\n`, "unterminated-quote"],
  ["a stray quote", "csv", `text,label,who\n${secret} "x",1,ann\n`, "stray-quote"],
  ["a file of two readings", "tsv", `text\tlabel\twho\n"${secret}\t1\ta\nb"\t1\tann\n`, "ambiguous-quotes"],
];

for (const [what, format, content, code] of files) {
  test(`${format}: ${what}: not a word of the file is in the error`, async () => {
    const error = await refusal(content, format);
    expect(error.code).toBe(code);
    const told = JSON.stringify([error.message, error.stack, error.value, error.expected, error.next]);
    for (const word of [...secret.split(" ").filter(({ length }) => length > 2), "klass", "ann", "Text"]) {
      expect(told).not.toMatch(new RegExp(`(?<!\\p{L})${word}(?!\\p{L})`, "u"));
    }
    expect(error.message.length).toBeLessThan(600);
  });
}

test("what is said: how many names there are, and what may be the matter", async () => {
  const told = async (content: string, format: DataFormat): Promise<string> =>
    (await refusal(content, format)).message;
  expect(await told("a,1,ann\n", "csv")).toMatch(/"text" or "sentence".*3 columns.*no header row/u);
  expect(await told("a\n", "csv")).toMatch(/its 1 column,/u);
  expect(await told("text,klass,x\na,1,b\n", "csv")).toMatch(/"label".*Say what the column is called/u);
  expect(await told("TEXT,label,who\na,1,b\n", "csv")).toMatch(/capitals or white space/u);
  expect(await told('{"a":1,"b":2}', "jsonl")).toMatch(/its 2 keys/u);
});

test("columns that nobody asked for may be called alike, as the empty ones of a spreadsheet are", async () => {
  const file = memoryFile("f", new TextEncoder().encode("text,label,who,,\na,1,ann,,\n"));
  const found = [];
  for await (const { fields } of readRecords(file, "csv", columns)) found.push(fields["text"]);
  expect(found).toEqual(["a"]);
});

test("a key inside another object, or in a text, is not the key twice", async () => {
  const row = '{"text":"\\\\\\"label\\": {\\"label\\":","label":1,"who":{"label":2},"a":[{"label":3}]}';
  const file = memoryFile("f", new TextEncoder().encode(row));
  for await (const { fields } of readRecords(file, "jsonl", columns.slice(0, 2)))
    expect(fields["label"]).toBe("1");
});

test("more columns than can be meant, and rows that do not end, have an error of their own", async () => {
  const wide = ",".repeat(1_000_000);
  expect((await refusal(`text,label,who${wide}\n`, "csv")).code).toBe("too-many-columns");
  expect((await refusal(`text\tlabel\twho${wide.replaceAll(",", "\t")}\n`, "tsv")).code).toBe(
    "too-many-columns",
  );
  expect(await refusal(`text,label,who\r\nb,1,x\r\n"a\r\n"${wide}\n`, "csv")).toMatchObject({
    code: "too-many-columns",
    value: 3,
  });
  const commas = `text,label,who\n"${wide}\n""${wide}",1,ann,x\n`;
  expect((await refusal(commas, "csv")).code).toBe("ragged-row");
  for (const format of ["csv", "tsv", "jsonl"] as const) {
    const error = await refusal(`text,label,who\n${"x".repeat(3000)}`, format, { maxRowBytes: 1000 }).catch(
      (reason: unknown) => reason as DataError,
    );
    expect(["row-too-long", "not-json", "missing-column"]).toContain(error.code);
  }
  const long = { maxRowBytes: 1000, pieceBytes: 100 };
  for (const [format, start] of [
    ["csv", "text,label,who\n"],
    ["tsv", "text\tlabel\twho\n"],
    ["jsonl", '{"text":"'],
  ] as const) {
    expect((await refusal(start + "x".repeat(3000), format, long)).code).toBe("row-too-long");
  }
});

test("a file that is no text is called by what it is, whatever its name says", async () => {
  for (const [bytes, kind] of [
    [[0x1f, 0x8b, 8, 0], "gzip"],
    [[0x50, 0x4b, 3, 4], "zip"],
    [[0x50, 0x41, 0x52, 0x31], "Parquet"],
    [[0x28, 0xb5, 0x2f, 0xfd], "Zstandard"],
  ] as const) {
    const file = memoryFile("f.jsonl", Uint8Array.from([...bytes, 0, 1, 2]));
    const reading = readRecords(file, "jsonl", columns).next();
    await expect(reading).rejects.toMatchObject({ code: "packed-file" });
    await expect(readRecords(file, "jsonl", columns).next()).rejects.toThrow(kind);
  }
});
