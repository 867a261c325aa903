import type { RandomAccessFile } from "../files.js";
import { DataError } from "./errors.js";

/** First bytes of files that are no text, whatever they are called. */
const beginnings: readonly (readonly [kind: string, bytes: readonly number[], next: string])[] = [
  ["gzip", [0x1f, 0x8b], "Unpack it: gunzip."],
  ["zip (or a spreadsheet)", [0x50, 0x4b, 0x03, 0x04], "Unpack it, or save the spreadsheet as CSV in UTF-8."],
  ["bzip2", [0x42, 0x5a, 0x68], "Unpack it: bunzip2."],
  ["xz", [0xfd, 0x37, 0x7a, 0x58], "Unpack it: unxz."],
  ["Zstandard", [0x28, 0xb5, 0x2f, 0xfd], "Unpack it: unzstd."],
  [
    "Parquet",
    [0x50, 0x41, 0x52, 0x31],
    "With pandas: read_parquet, then to_json(orient='records', lines=True).",
  ],
];

/** @throws {DataError} code `packed-file` for a file whose first bytes are those of an archive or of Parquet */
export async function refusePacked(file: RandomAccessFile): Promise<void> {
  const first = await file.read(0, Math.min(4, file.size));
  const found = beginnings.find(([, bytes]) => bytes.every((byte, index) => first[index] === byte));
  if (found === undefined) return;
  const [kind, , next] = found;
  throw new DataError("packed-file", {
    message: `${file.name} is ${kind}, not text.`,
    expected: "JSONL, CSV or TSV",
    next,
  });
}
