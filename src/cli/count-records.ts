import { type ColumnRequest, type DataFormat, formatFromName, readRecords } from "../data/index.js";
import { openNodeFile } from "../node/index.js";
import { UsageError } from "./errors.js";

/** Where records, or privacy units, are that only need counting. */
export interface Counted {
  readonly data?: string | undefined;
  readonly label: string;
  /** The column that every record has instead of a label, for a task with answers. */
  readonly answers?: string | undefined;
  /** The column of the privacy unit, where that is not the record. */
  readonly unit?: string | undefined;
  readonly format?: DataFormat | undefined;
}

/** The number of records in `data`, or of the different units. @throws {UsageError} `usage` when there is none to count. */
export async function countRecords({ data, label, answers, unit, format }: Counted): Promise<number> {
  if (data === undefined) {
    throw new UsageError("usage", {
      message: `The number of ${unit === undefined ? "records" : "privacy units"} is not known.`,
      expected: "--public-size N, or --data FILE to count",
    });
  }
  const file = await openNodeFile(data);
  try {
    const right: ColumnRequest =
      answers === undefined ? { name: label, kind: "label" } : { name: answers, kind: "texts" };
    const columns: readonly ColumnRequest[] =
      unit === undefined ? [right] : [right, { name: unit, kind: "unit" }];
    const seen = new Set<string>();
    let count = 0;
    for await (const record of readRecords(file, format ?? formatFromName(data), columns)) {
      if (record.unit !== undefined) seen.add(record.unit);
      count += 1;
    }
    return unit === undefined ? count : seen.size;
  } finally {
    await file.close();
  }
}
