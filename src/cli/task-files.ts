import { z } from "zod";

import { type DataFormat, formatFromName, readRecords } from "../data/index.js";
import { openNodeFile } from "../node/index.js";
import { taskConfigSchema } from "../plan/config.js";
import type { TaskRecord } from "../tasks/index.js";

/** Which columns of a data file hold what. */
export const columnsSchema = z.strictObject({
  text: z.string().default("text").describe("column of the text"),
  pair: z.string().optional().describe("column of the second text, for templates with {pair}"),
  label: z.string().default("label").describe("column of the label"),
  format: z
    .enum(["jsonl", "csv", "tsv"])
    .optional()
    .describe("format of the data file; default: from its name"),
});

/** Flags of every command that reads records for a task. */
export const taskFileSchema = z.strictObject({
  model: z.string().describe("checkpoint folder (Hugging Face layout)"),
  data: z.string().describe("data file: JSONL, CSV or TSV"),
  ...columnsSchema.shape,
  ...taskConfigSchema.shape,
});

/** Columns of a file, as the flags say. */
export type Columns = z.infer<typeof columnsSchema>;

/**
 * The records of a data file, one by one; a bad row stops with its line number.
 *
 * @throws {DataError}, {FileError}
 */
export async function* fileRecords(path: string, columns: Columns): AsyncGenerator<TaskRecord> {
  const format: DataFormat = columns.format ?? formatFromName(path);
  const file = await openNodeFile(path);
  try {
    const wanted = [
      { name: columns.text, kind: "text" },
      ...(columns.pair === undefined ? [] : [{ name: columns.pair, kind: "text" } as const]),
      { name: columns.label, kind: "label" },
    ] as const;
    for await (const { line, fields } of readRecords(file, format, wanted)) {
      const pair = columns.pair === undefined ? undefined : fields[columns.pair];
      yield { line, text: fields[columns.text] ?? "", pair, label: fields[columns.label] };
    }
  } finally {
    await file.close();
  }
}
