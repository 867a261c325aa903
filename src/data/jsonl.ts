import type { RandomAccessFile } from "../files.js";
import { pickFields } from "./columns.js";
import { foundName } from "./columns.js";
import type { ColumnRequest, DataRecord } from "./columns.js";
import { DataError } from "./errors.js";
import { topLevelKeys } from "./json-keys.js";
import { readLineBlocks, splitLines } from "./lines.js";
import type { LineOptions } from "./lines.js";

/** Reads JSON Lines; lines of nothing but white space are skipped. */
export async function* readJsonLines(
  file: RandomAccessFile,
  columns: readonly ColumnRequest[],
  options: LineOptions = {},
): AsyncGenerator<DataRecord> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const block of readLineBlocks(file, options)) {
    let line = block.firstLine;
    for (const bytes of splitLines(block.bytes)) {
      const text = decoder.decode(bytes);
      if (text.trim() !== "") yield readLine(text, columns, file.name, line);
      line++;
    }
  }
}

function readLine(text: string, columns: readonly ColumnRequest[], file: string, line: number): DataRecord {
  const row = parse(text, file, line);
  const get = (name: string): unknown => (Object.hasOwn(row, name) ? row[name] : undefined);
  refuseRepeated(text, columns, get, file, line);
  return pickFields(columns, get, () => Object.keys(row), file, line);
}

/** Readers differ in which of two values they keep. */
function refuseRepeated(
  text: string,
  columns: readonly ColumnRequest[],
  get: (name: string) => unknown,
  file: string,
  line: number,
): void {
  const keys = topLevelKeys(text);
  if (new Set(keys).size === keys.length) return;
  for (const request of columns) {
    const found = foundName(request, (name) => get(name) !== undefined);
    if (found === undefined || keys.indexOf(found.name) === keys.lastIndexOf(found.name)) continue;
    throw new DataError("duplicate-column", {
      message: `Line ${line} of ${file} has the key ${JSON.stringify(found.name)} more than once.`,
      value: line,
      expected: "every key once",
    });
  }
}

function parse(text: string, file: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the row, which is private.
    throw new DataError("not-json", {
      message: `Line ${line} of ${file} is not valid JSON.`,
      value: line,
      expected: "one JSON object a line",
      next: "A JSON array, or objects over several lines, become such a file by: jq -c '.[]' or jq -c .",
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new DataError("not-an-object", {
    message: `Line ${line} of ${file} is JSON, but not an object.`,
    value: line,
    expected: "one JSON object a line",
    next: "A JSON array of objects becomes such a file by: jq -c '.[]'",
  });
}
