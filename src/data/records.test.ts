import fc from "fast-check";
import { expect, test } from "vitest";

import { memoryFile } from "../files.js";
import { DataError, formatFromName, readRecords } from "./index.js";
import type { ColumnRequest, DataFormat, DataRecord, ReadOptions } from "./index.js";

const columns: readonly ColumnRequest[] = [
  { name: "text", kind: "text" },
  { name: "label", kind: "label" },
];
const canary = "CANARY-4f1d";

async function read(
  content: string | Uint8Array,
  format: DataFormat,
  wanted = columns,
  options: ReadOptions = {},
): Promise<DataRecord[]> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const records: DataRecord[] = [];
  for await (const record of readRecords(memoryFile("data/mail", bytes), format, wanted, options)) {
    records.push(record);
  }
  return records;
}

async function failure(
  content: string | Uint8Array,
  format: DataFormat,
  options: ReadOptions = {},
  wanted = columns,
) {
  const error: unknown = await read(content, format, wanted, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

const plain = (records: DataRecord[]) =>
  records.map(({ line, fields }) => [line, fields["text"], fields["label"]]);

test("JSONL: blank lines are skipped, numbers become strings, lines are counted", async () => {
  const content = '\ufeff{"text":"a","label":1,"extra":[]}\r\n\n  \n{"label":"x","text":""}';
  expect(plain(await read(content, "jsonl"))).toEqual([
    [1, "a", "1"],
    [4, "", "x"],
  ]);
});

test("CSV: byte order mark, CRLF, quotes, and line ends inside quotes", async () => {
  const content = '\ufefftext,label\r\n"a, ""b""\r\nc",1\r\nd,2\r\n"e\nf\rg",3\r\nlast,4';
  expect(plain(await read(content, "csv"))).toEqual([
    [2, 'a, "b"\r\nc', "1"],
    [4, "d", "2"],
    [5, "e\nf\rg", "3"],
    [8, "last", "4"],
  ]);
});

test("TSV: commas are text, and a mixed file of LF and CRLF leaves no CR in a label", async () => {
  expect(plain(await read("label\ttext\n0\ta,b\r\n1\tc\n", "tsv"))).toEqual([
    [2, "a,b", "0"],
    [3, "c", "1"],
  ]);
});

test("lines and fields do not depend on where the pieces of the file are cut", async () => {
  const content = 'text,label\r\n"ä\r\n""\r\n",1\r\n\u{1f600}x,2\r\n"",3\n';
  const whole = await read(content, "csv");
  for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
    expect(await read(content, "csv", columns, { pieceBytes })).toEqual(whole);
  }
});

const broken: [string, DataFormat, string | Uint8Array, string, number | undefined][] = [
  ["a line that is not JSON", "jsonl", `{"text":"a","label":1}\n{"text":"${canary}"`, "not-json", 2],
  ["a line that is not an object", "jsonl", `["${canary}"]`, "not-an-object", 1],
  ["an absent column", "jsonl", `{"text":"${canary}"}`, "missing-column", 1],
  [
    "an inherited name as a column",
    "jsonl",
    `{"text":"${canary}","__proto__":{"label":1}}`,
    "missing-column",
    1,
  ],
  ["text that is a number", "jsonl", `\n{"text":5,"label":"${canary}"}`, "not-text", 2],
  ["text that is null", "jsonl", `{"text":null,"label":"${canary}"}`, "not-text", 1],
  ["a label that is an object", "jsonl", `{"text":"a","label":{"${canary}":1}}`, "bad-label", 1],
  ["a label that is null", "jsonl", `{"text":"${canary}","label":null}`, "bad-label", 1],
  [
    "a label that is read inexactly",
    "jsonl",
    `{"text":"${canary}","label":9007199254740993}`,
    "bad-label",
    1,
  ],
  ["a label beyond double range", "jsonl", `{"text":"${canary}","label":1e999}`, "bad-label", 1],
  ["a blank label", "jsonl", `{"text":"${canary}","label":" "}`, "empty-label", 1],
  ["only blank lines", "jsonl", "\n \n", "empty-file", undefined],
  ["an empty file", "csv", "", "empty-file", undefined],
  ["a header alone", "csv", "text,label\n", "empty-file", undefined],
  ["an absent column", "csv", "text,klass\na,1\n", "missing-column", 1],
  ["a column twice", "csv", "text,label,text\na,1,b\n", "duplicate-column", 1],
  ["too many fields", "csv", `text,label\n"x\ny",1\n${canary},1,2\n`, "ragged-row", 4],
  ["too few fields", "csv", `text,label\n${canary}\n`, "ragged-row", 2],
  ["a line of delimiters", "csv", `text,label\na,1\n,\n${canary},1\n`, "empty-label", 3],
  ["an empty label", "tsv", `text\tlabel\n${canary}\t\n`, "empty-label", 2],
  ["a quote inside a field", "csv", `text,label\na,1\n${canary} "b",1\n`, "stray-quote", 3],
  ["text after a closing quote", "csv", `text,label\n"${canary}"b,1\n`, "stray-quote", 2],
  ["a quote never closed", "csv", `text,label\na,1\n"${canary}\n\n,1\n`, "unterminated-quote", 3],
  [
    "Latin-1",
    "csv",
    Uint8Array.from([...Buffer.from("text,label\na,1\n"), 0xe9, 0x2c, 0x31]),
    "invalid-utf8",
    3,
  ],
  ["UTF-16", "jsonl", Uint8Array.from([0xff, 0xfe, 0x7b, 0]), "invalid-utf8", 1],
];

for (const [what, format, content, code, line] of broken) {
  test(`${format}: ${what} stops with ${code}, its line, and nothing the row says`, async () => {
    const error = await failure(content, format);
    expect(error.code).toBe(code);
    expect(error.value).toBe(line);
    expect(error.message).toContain("data/mail");
    if (line !== undefined && code !== "duplicate-column")
      expect(error.message).toMatch(RegExp(`[Ll]ine ${line} `));
    expect(JSON.stringify([error.message, error.stack, error.cause, error.value])).not.toContain(canary);
  });
}

const brokenUnits: [string, DataFormat, string, string, number][] = [
  ["an absent unit", "jsonl", `{"text":"${canary}"}`, "missing-column", 1],
  ["a unit that is null", "jsonl", `{"text":"${canary}","unit":null}`, "bad-unit", 1],
  [
    "a unit that is a list",
    "jsonl",
    `{"text":"a","unit":1}\n{"text":"b","unit":["${canary}"]}`,
    "bad-unit",
    2,
  ],
  ["a unit that is not whole", "jsonl", `{"text":"${canary}","unit":1.5}`, "bad-unit", 1],
  ["a unit that two numbers are read as", "jsonl", '{"text":"a","unit":9007199254740993}', "bad-unit", 1],
  ["a blank unit", "jsonl", `{"text":"${canary}","unit":" \\t"}`, "empty-unit", 1],
  ["an empty unit", "csv", `text,unit\na,1\n${canary},\n`, "empty-unit", 3],
];

for (const [what, format, content, code, line] of brokenUnits) {
  test(`${format}: ${what} stops with ${code}, its line, and nothing the row says`, async () => {
    const error = await failure(content, format, {}, [
      { name: "text", kind: "text" },
      { name: "unit", kind: "unit" },
    ]);
    expect(error).toMatchObject({ code, value: line });
    expect(error.message).toMatch(RegExp(`[Ll]ine ${line} `));
    expect(JSON.stringify([error.message, error.stack, error.value])).not.toMatch(RegExp(`${canary}|9007`));
  });
}

test("a unit is trimmed, and does not stand in the way of a text or label from the same column", async () => {
  const records = await read("who\n ann \nbob\n", "csv", [
    { name: "who", kind: "unit" },
    { name: "who", kind: "text" },
  ]);
  expect(records.map(({ unit, fields }) => [unit, fields["who"]])).toEqual([
    ["ann", " ann "],
    ["bob", "bob"],
  ]);
});

test("invalid UTF-8 is found at its line also when it is cut by a piece", async () => {
  const bytes = Uint8Array.from([...Buffer.from('{"text":"ä","label":1}\n'), 0xc3, 0x0a]);
  for (const pieceBytes of [1, 2, 3, 10, 24, 25]) {
    expect((await failure(bytes, "jsonl", { pieceBytes })).value).toBe(2);
  }
});

test("a row longer than the cap is refused, quoted or not", async () => {
  const options = { pieceBytes: 16, maxRowBytes: 100 };
  expect((await failure("x".repeat(1000), "jsonl", options)).code).toBe("row-too-long");
  const open = await failure(`text,label\na,1\n"${"x\n".repeat(200)}`, "csv", options);
  expect([open.code, open.value]).toEqual(["row-too-long", 3]);
});

test("columns may be called anything", async () => {
  const wanted = [{ name: "__proto__", kind: "text" }] as const;
  const [json] = await read('{"__proto__":"a"}', "jsonl", wanted);
  const [row] = await read("__proto__,constructor\na,b\n", "csv", wanted);
  expect([json?.fields["__proto__"], row?.fields["__proto__"]]).toEqual(["a", "a"]);
});

test("a reader that stops early leaves nothing running", async () => {
  const content = `text,label\n${"a,1\n".repeat(200_000)}`;
  const file = memoryFile("big.csv", new TextEncoder().encode(content));
  for await (const { line } of readRecords(file, "csv", columns, { pieceBytes: 4096 })) {
    if (line === 10) break;
  }
});

test("property: CSV and TSV give back what was quoted", async () => {
  const field = fc.stringMatching(/^[\u0020-\u007eä\n\r\t"]{0,12}$/u);
  await fc.assert(
    fc.asyncProperty(
      fc.array(field, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 50 }),
      async (texts, pieceBytes) => {
        for (const [format, delimiter] of [
          ["csv", ","],
          ["tsv", "\t"],
        ] as const) {
          const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
          const content = [
            `text${delimiter}label`,
            ...texts.map((text) => `${quote(text)}${delimiter}1`),
          ].join("\r\n");
          const records = await read(content, format, columns, { pieceBytes, quotes: "csv" });
          expect(records.map(({ fields }) => fields["text"])).toEqual(texts);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("property: JSONL gives back what was written, with its lines", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: "binary" }), label: fc.integer() }), { minLength: 1 }),
      fc.integer({ min: 1, max: 99 }),
      async (rows, pieceBytes) => {
        const content = rows.map((row) => JSON.stringify(row)).join("\n\n");
        const records = await read(content, "jsonl", columns, { pieceBytes });
        expect(plain(records)).toEqual(rows.map(({ text, label }, i) => [2 * i + 1, text, String(label)]));
      },
    ),
    { numRuns: 100 },
  );
});

test("the format comes from the extension, or is asked for", () => {
  expect(["a.jsonl", "b/c.NDJSON", "d.csv", "e.tsv"].map(formatFromName)).toEqual([
    "jsonl",
    "jsonl",
    "csv",
    "tsv",
  ]);
  for (const name of ["a.json", "csv", "a.parquet", "a.jsonl.gz", "a.txt", "a.constructor"]) {
    expect(() => formatFromName(name)).toThrow(/does not say its format/);
  }
});
