import type { RandomAccessFile } from "../files.js";
import { tooManyColumns } from "./field-limit.js";
import { lineDefaults, readLineBlocks, tooLong } from "./lines.js";
import type { LineOptions } from "./lines.js";
import { type Delimiter, mostColumns, type Row } from "./row.js";

/** How a line ends: CRLF, LF or CR. */
const lineEnd = /\r\n|\n|\r/u;

/**
 * Reads rows in which a quote is a character like any other: every line is a row, every delimiter parts two fields.
 *
 * Lines of nothing but white space without a delimiter are no rows.
 */
export async function* readPlainRows(
  file: RandomAccessFile,
  delimiter: Delimiter,
  options: LineOptions,
  witness: (text: string, line: number) => void = () => undefined,
): AsyncGenerator<Row> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const { maxRowBytes } = { ...lineDefaults, ...options };
  let line = 0;
  for await (const { bytes } of readLineBlocks(file, options)) {
    const lines = decoder.decode(bytes).split(lineEnd);
    // A block ends with a line end, or with the file: what is after the last one is no line.
    if (lines.at(-1) === "") lines.pop();
    for (const text of lines) {
      line += 1;
      // A row has at least a byte a character.
      if (text.length > maxRowBytes) throw tooLong(file.name, line, maxRowBytes);
      witness(text, line);
      if (isBlank(text, delimiter)) continue;
      const values = text.split(delimiter, mostColumns + 1);
      if (values.length > mostColumns) throw tooManyColumns(file.name, line);
      yield { line, values };
    }
  }
}

/** Whether a line holds nothing but white space, and no delimiter. */
export function isBlank(text: string, delimiter: Delimiter): boolean {
  return text.trim() === "" && !text.includes(delimiter);
}
