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
  throw new DataError("unknown-format", {
    message: `The extension of ${name} does not say its format.`,
    value: extension,
    expected: `.${Object.keys(extensions).join(", .")}`,
    next: "Rename the file or state the format.",
  });
}
