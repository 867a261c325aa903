import { type DataFormat, formatFromName, type Quotes, readRecords } from "../data/index.js";
import { openNodeFile } from "../node/index.js";
import { countedColumns, type RightColumns } from "./column-names.js";
import { UsageError } from "./errors.js";

/** Where records, or privacy units, are that only need counting. */
export interface Counted extends RightColumns {
  readonly data?: string | undefined;
  readonly format?: DataFormat | undefined;
  readonly quotes?: Quotes | undefined;
}

/** The number of records in `data`, or of the different units. @throws {UsageError} `usage` when there is none to count. */
export async function countRecords(counted: Counted): Promise<number> {
  const { data, unit, format, quotes } = counted;
  if (data === undefined) {
    throw new UsageError("usage", {
      message: `The number of ${unit === undefined ? "records" : "privacy units"} is not known.`,
      expected: "--public-size N, or --data FILE to count",
    });
  }
  const file = await openNodeFile(data);
  try {
    const columns = countedColumns(counted);
    const seen = new Set<string>();
    let count = 0;
    for await (const record of readRecords(file, format ?? formatFromName(data), columns, { quotes })) {
      if (record.unit !== undefined) seen.add(record.unit);
      count += 1;
    }
    return unit === undefined ? count : seen.size;
  } finally {
    await file.close();
  }
}
