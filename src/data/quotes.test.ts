import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";

import { memoryFile } from "../files.js";
import { type ColumnRequest, type DataFormat, readRecords, type ReadOptions } from "./index.js";

const columns: readonly ColumnRequest[] = [
  { name: "text", kind: "text" },
  { name: "label", kind: "text" },
];

type Found = readonly (readonly [line: number, text: string, label: string])[];

async function rows(content: string, format: DataFormat, options: ReadOptions = {}): Promise<Found> {
  const file = memoryFile("f", new TextEncoder().encode(content));
  const found: [number, string, string][] = [];
  for await (const { line, fields } of readRecords(file, format, columns, options)) {
    found.push([line, fields["text"] ?? "", fields["label"] ?? ""]);
  }
  return found;
}

const code = (name: string, line: number): unknown => expect.objectContaining({ code: name, value: line });

test("TSV: quotes are text, as GLUE, LM-BFF and Common Voice write them", async () => {
  const content = 'text\tlabel\n"Fine," she said.\t1\na 20" screen\t0\n"whole"\t1\n"open\t0\nclosed"\t1\n';
  expect(await rows(content, "tsv")).toEqual([
    [2, '"Fine," she said.', "1"],
    [3, 'a 20" screen', "0"],
    [4, '"whole"', "1"],
    [5, '"open', "0"],
    [6, 'closed"', "1"],
  ]);
});

const ambiguous: readonly (readonly [what: string, format: DataFormat, content: string, line: number])[] = [
  ["a field opened in one line and closed in the next", "tsv", 'text\tlabel\n"a\t0\nb"\t1\nplain\t0\n', 2],
  ["the same with commas", "csv", 'text,label\n"a,0\nb",1\nplain,0\n', 2],
  ["over three lines, with CRLF", "tsv", 'text\tlabel\r\nx\t1\r\n"a\t0\r\nb\t1\r\nc"\t1', 3],
  ["over three lines, with CRLF and commas", "csv", 'text,label\r\nx,1\r\n"a,0\r\nb,1\r\nc",1', 3],
  ["a doubled quote on the way", "tsv", 'text\tlabel\n"a\t0\n""b""\t1\nc"\t1\n', 2],
  ["in the last column", "tsv", 'text\tlabel\na\t"b\nc\td"\n', 2],
  ["a blank line on the way", "tsv", 'text\tlabel\n"a\t0\n\nb"\t1\n', 2],
];

for (const [what, format, content, line] of ambiguous) {
  test(`${format}: ${what} could be one record or several, and stops until it is said which`, async () => {
    for (const pieceBytes of [1, 3, 1000])
      await expect(rows(content, format, { pieceBytes })).rejects.toThrow(code("ambiguous-quotes", line));
    const physical = content.split(/\r?\n/u).filter((text) => text !== "").length - 1;
    expect((await rows(content, format, { quotes: "none" })).length).toBe(physical);
    expect((await rows(content, format, { quotes: "csv" })).length).toBeLessThan(physical);
  });
}

test("quoted TSV with tabs or line ends in cells is refused, or read with --quotes csv, never cut in silence", async () => {
  const content = 'text\tlabel\n"a\nb"\t1\n"c\td"\t0\n';
  await expect(rows(content, "tsv")).rejects.toThrow(code("ragged-row", 2));
  await expect(rows(content, "tsv")).rejects.toThrow(/--quotes csv/u);
  expect(await rows(content, "tsv", { quotes: "csv" })).toEqual([
    [2, "a\nb", "1"],
    [4, "c\td", "0"],
  ]);
});

test("CSV: a quote out of place stops with its line and the way out, and --quotes none takes it as text", async () => {
  for (const [content, name, line] of [
    ['text,label\na,1\na 20" screen,0\n', "stray-quote", 3],
    ['text,label\n"Fine" she said,1\n', "stray-quote", 2],
    ['text,label\na,1\n"open,0\nb,1\n', "unterminated-quote", 3],
    ['text,label\n"open,0\nb "said" c,1\n', "stray-quote", 2],
  ] as const) {
    await expect(rows(content, "csv")).rejects.toThrow(code(name, line));
    await expect(rows(content, "csv")).rejects.toThrow(/--quotes none/u);
    const plain = await rows(content, "csv", { quotes: "none" });
    expect(plain.map(([, text, label]) => `${text},${label}`)).toEqual(content.trim().split("\n").slice(1));
  }
});

test("CSV with line ends in quotes is read where lines alone would not fit", async () => {
  const content = 'text,label\n"a\nb, c\n",1\n"d",0\n';
  expect(await rows(content, "csv")).toEqual([
    [2, "a\nb, c\n", "1"],
    [5, "d", "0"],
  ]);
});

/** Fields as any program may write them, in characters that matter. */
const field = fc
  .array(fc.constantFrom("a", "b", " ", '"', ",", "\t", "\n", "\r\n", "\u00e4", "\u{1f600}"), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const ifNeeded = (text: string): string => (/[",\t\n\r]/u.test(text) ? quoted(text) : text);
const sizes = fc.integer({ min: 1, max: 40 });

test("property: quoted fields are read as csv-parse reads them, by pieces of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(field, field, fc.boolean()), { minLength: 1, maxLength: 8 }),
      fc.constantFrom("\n", "\r\n"),
      fc.constantFrom<readonly ["csv" | "tsv", "," | "\t"]>(["csv", ","], ["tsv", "\t"]),
      sizes,
      async (cells, end, [format, delimiter], pieceBytes) => {
        const write = ([a, b, all]: readonly [string, string, boolean]): string =>
          [a, b].map(all ? quoted : ifNeeded).join(delimiter);
        const content = [`text${delimiter}label`, ...cells.map(write)].join(end);
        const expected = parse(content, { delimiter, from: 2, record_delimiter: ["\r\n", "\n"] });
        const found = await rows(content, format, { pieceBytes, quotes: "csv" });
        expect(found.map(([, ...texts]) => texts)).toEqual(expected);
        expect(found.map(([, ...texts]) => texts)).toEqual(cells.map(([a, b]) => [a, b]));
      },
    ),
    { numRuns: 300 },
  );
});

test("property: unquoted TSV is read as its lines are split at tabs, or is refused", async () => {
  const plain = field.map((text) => text.replace(/[\t\r\n]/gu, ""));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(plain, plain), { minLength: 1, maxLength: 10 }),
      fc.constantFrom("\n", "\r\n"),
      sizes,
      async (cells, end, pieceBytes) => {
        const content = ["text\tlabel", ...cells.map((pair) => pair.join("\t"))].join(end);
        const expected = cells.map(([a, b], index) => [index + 2, a, b]);
        expect(await rows(content, "tsv", { pieceBytes, quotes: "none" })).toEqual(expected);
        const found = await rows(content, "tsv", { pieceBytes }).catch(
          (error: unknown) => (error as { readonly code: string }).code,
        );
        expect([expected, "ambiguous-quotes"]).toContainEqual(found);
      },
    ),
    { numRuns: 300 },
  );
});

/** What a strict reader of one kind makes of a text; nothing where it refuses. */
function strictly(content: string, delimiter: "," | "\t", quotes: boolean): string[][] | undefined {
  try {
    return parse(content, {
      delimiter,
      quote: quotes ? '"' : null,
      record_delimiter: ["\r\n", "\n"],
      skip_empty_lines: true,
    });
  } catch {
    return undefined;
  }
}

test("property: what two strict readers take for different numbers of rows is refused, and nothing else is", async () => {
  const mess = fc
    .array(fc.constantFrom("a", '"', '"', ",", ",", "\n", "\n", '"\n', ',"'), { maxLength: 14 })
    .map((parts) => `text,label\n${parts.join("")}`);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      mess,
      fc.constantFrom<readonly ["csv" | "tsv", "," | "\t"]>(["csv", ","], ["tsv", "\t"]),
      sizes,
      async (commas, [format, delimiter], pieceBytes) => {
        const content = commas.replaceAll(",", delimiter);
        const [asQuoted, asPlain] = [true, false].map((quotes) => strictly(content, delimiter, quotes));
        const differ = asQuoted !== undefined && asPlain !== undefined && asQuoted.length !== asPlain.length;
        const found = await rows(content, format, { pieceBytes }).catch(
          (error: unknown) => (error as { readonly code: string }).code,
        );
        if (differ) refused += 1;
        expect(found === "ambiguous-quotes", content).toBe(differ);
        const own = format === "csv" ? asQuoted : asPlain;
        if (typeof found !== "string") expect(found.map(([, ...texts]) => texts)).toEqual(own?.slice(1));
      },
    ),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(0);
});
