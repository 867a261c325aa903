import { DataError } from "./errors.js";

/** Formats of data files: one JSON object a line, or rows under a header line. */
export type DataFormat = "jsonl" | "csv" | "tsv";

const extensions: Readonly<Record<string, DataFormat>> = {
  jsonl: "jsonl",
  ndjson: "jsonl",
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
};

const packed = "Unpack it first.";
const pandas =
  "With pandas: read_parquet, read_feather or read_excel, then to_json(orient='records', lines=True).";

/** What to do with files of other kinds that data come in. */
const otherKinds: Readonly<Record<string, string>> = {
  json: "A JSON array of objects becomes JSONL by: jq -c '.[]' FILE. If it holds one object a line, state the format.",
  gz: packed,
  bz2: packed,
  xz: packed,
  zst: packed,
  zip: packed,
  parquet: pandas,
  arrow: pandas,
  feather: pandas,
  xlsx: pandas,
  xls: pandas,
};

/**
 * The format a file name's extension stands for, in any case of letters.
 *
 * @throws {DataError} code `unknown-format`.
 * @example
 * formatFromName("data/train.jsonl"); // "jsonl"
 */
export function formatFromName(name: string): DataFormat {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const format = Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
  if (format !== undefined) return format;
  const advice = Object.hasOwn(otherKinds, extension) ? otherKinds[extension] : undefined;
  throw new DataError("unknown-format", {
    message: `The extension of ${name} does not say its format.`,
    value: extension,
    expected: `.${Object.keys(extensions).join(", .")}`,
    next: advice ?? "Rename the file or state the format.",
  });
}
