import { type DataFormat, formatFromName, readRecords } from "../data/index.js";
import { openNodeFile } from "../node/index.js";
import { UsageError } from "./errors.js";

/** Where records are that only need counting. */
export interface Counted {
  readonly data?: string | undefined;
  readonly label: string;
  /** The column that every record has instead of a label, for a task with answers. */
  readonly answers?: string | undefined;
  readonly format?: DataFormat | undefined;
}

/** The number of records in `data`. @throws {UsageError} `usage` when there is none to count. */
export async function countRecords({ data, label, answers, format }: Counted): Promise<number> {
  if (data === undefined) {
    throw new UsageError("usage", {
      message: "The number of records is not known.",
      expected: "--public-size N, or --data FILE to count",
    });
  }
  const file = await openNodeFile(data);
  try {
    const columns =
      answers === undefined
        ? ([{ name: label, kind: "label" }] as const)
        : ([{ name: answers, kind: "texts" }] as const);
    const records = readRecords(file, format ?? formatFromName(data), columns);
    let count = 0;
    while ((await records.next()).done !== true) count += 1;
    return count;
  } finally {
    await file.close();
  }
}
