import { expect, test } from "vitest";

import { memoryFile } from "../files.js";
import { type ColumnRequest, type DataFormat, readRecords, type ReadOptions } from "./index.js";

const columns: readonly ColumnRequest[] = [
  { name: "text", kind: "text" },
  { name: "label", kind: "label" },
];

async function rows(
  content: string,
  format: DataFormat,
  options: ReadOptions = {},
  wanted = columns,
): Promise<unknown[]> {
  const file = memoryFile("f", new TextEncoder().encode(content));
  const found: unknown[] = [];
  for await (const { line, fields } of readRecords(file, format, wanted, options))
    found.push([line, fields["text"]]);
  return found;
}

const header = (format: DataFormat): string =>
  format === "csv" ? "text,label" : format === "tsv" ? "text\tlabel" : "";
const row = (format: DataFormat, text: string): string =>
  format === "jsonl" ? `{"text":"${text}","label":1}` : `${text}${format === "csv" ? "," : "\t"}1`;

const formats: readonly DataFormat[] = ["csv", "tsv", "jsonl"];
const blanks: readonly (readonly [what: string, blank: string])[] = [
  ["empty", ""],
  ["of spaces", "   "],
  ["of a no-break space", "\u00a0"],
];

for (const format of formats) {
  for (const end of ["\n", "\r\n"]) {
    for (const [what, blank] of blanks) {
      test(`${format}, ${JSON.stringify(end)}: lines that are ${what} are no rows, wherever they stand`, async () => {
        const lines = [blank, header(format), blank, row(format, "a"), blank, blank, row(format, "b"), blank];
        for (const tail of ["", end, end + blank, end + end + blank + end]) {
          for (const pieceBytes of [1, 7, 1000]) {
            const found = await rows(lines.join(end) + tail, format, { pieceBytes });
            expect(found).toEqual([
              [4, "a"],
              [7, "b"],
            ]);
          }
        }
      });
    }
  }
}

test("a tab alone is a blank line of CSV and JSONL, and in TSV a row of two empty fields", async () => {
  expect(await rows("text,label\n\t\na,1\n", "csv")).toEqual([[3, "a"]]);
  expect(await rows(`\t\n${row("jsonl", "a")}`, "jsonl")).toEqual([[2, "a"]]);
  await expect(rows("text\tlabel\n\t\na\t1\n", "tsv")).rejects.toMatchObject({
    code: "empty-label",
    value: 2,
  });
});

test("blank lines inside quotes are text", async () => {
  expect(await rows('text,label\n"a\n\n \nb",1\n\n', "csv")).toEqual([[2, "a\n\n \nb"]]);
});

test('in a file of one column an empty value is written "", as csv and pandas write it', async () => {
  const one: readonly ColumnRequest[] = [{ name: "text", kind: "text" }];
  expect(await rows('text\na\n""\n\n" "\n  \nb\n', "csv", {}, one)).toEqual([
    [2, "a"],
    [3, ""],
    [5, " "],
    [7, "b"],
  ]);
  expect(await rows('\n""\n', "csv", {}, [{ name: "", kind: "text" }]).catch(() => "empty")).toBe("empty");
});

test("a last line without its end counts, also where it is one character or half a CRLF", async () => {
  for (const format of ["csv", "tsv"] as const) {
    for (const tail of ["", "\n", "\r\n", "\r"]) {
      expect(await rows(`${header(format)}\n${row(format, "a")}${tail}`, format)).toEqual([[2, "a"]]);
    }
  }
});

test("files without a record: empty, a mark alone, blank lines, a header alone", async () => {
  for (const format of formats) {
    for (const content of [
      "",
      "\ufeff",
      "\n",
      "\r\n \r\n",
      ...(format === "jsonl" ? [] : [header(format)]),
    ]) {
      await expect(rows(content, format), JSON.stringify(content)).rejects.toMatchObject({
        code: "empty-file",
      });
    }
  }
});

test("a byte order mark stands before the first name in none of the formats", async () => {
  for (const format of formats) {
    const content = `\ufeff${[header(format), row(format, "a")].filter(Boolean).join("\n")}`;
    expect((await rows(content, format)).length).toBe(1);
  }
});
