import * as z from "zod";

import {
  type ColumnRequest,
  type DataFormat,
  type DataRecord,
  formatFromName,
  readRecords,
} from "../data/index.js";
import { openNodeFile } from "../node/index.js";
import { type TaskConfig, taskConfigSchema } from "../plan/config.js";
import { countedColumns, textRequest } from "./column-names.js";
import { parseOptions, parseTemplate, slotNames, type TaskRecord } from "../tasks/index.js";
import { taskFlag } from "./named-settings.js";

/** Which columns of a data file hold what. */
export const columnsSchema = z.strictObject({
  text: z.string().default("text").describe("column of the text, {text} in the template"),
  pair: z.string().optional().describe("column of the second text, {pair} in the template"),
  label: z.string().default("label").describe("column of the label"),
  format: z
    .enum(["jsonl", "csv", "tsv"])
    .optional()
    .describe("format of the data files (default: by file extension)"),
  quotes: z
    .enum(["csv", "none"])
    .optional()
    .describe("csv: fields may be quoted; none: a quote is plain text (default: csv for CSV, none for TSV)"),
});

/** Flags of every command that reads records for a task. */
export const taskFileSchema = z.strictObject({
  model: z.string().describe("checkpoint folder in Hugging Face layout"),
  ...taskFlag,
  data: z.string().describe("data file: JSONL, CSV or TSV"),
  ...columnsSchema.shape,
  ...taskConfigSchema.shape,
});

/** Columns of a file, as the flags say. */
export type Columns = z.infer<typeof columnsSchema>;

/** What says which columns a task reads. */
export type TaskColumns = Columns &
  Partial<Pick<TaskConfig, "template" | "labelWords" | "options" | "answers">> & {
    /** The column of the privacy unit; not read where there is none. */
    readonly unit?: string | undefined;
    /** The name of the task, whose columns have other names in some copies. */
    readonly task?: string | undefined;
  };

/**
 * The records of a data file, one by one; a bad row stops with its line number.
 *
 * Read are the columns that the template and the options name, and that of the label or the answers, and of the unit.
 *
 * @throws {DataError}, {FileError}
 */
export async function* fileRecords(path: string, columns: TaskColumns): AsyncGenerator<TaskRecord> {
  const format: DataFormat = columns.format ?? formatFromName(path);
  const file = await openNodeFile(path);
  try {
    const slots = slotsOf(columns);
    const wanted = wantedColumns(columns, slots);
    for await (const record of readRecords(file, format, wanted, { quotes: columns.quotes })) {
      yield recordOf(record, columns, slots);
    }
  } finally {
    await file.close();
  }
}

/** The slots to be filled; those of a template that is not told are the text and, where it has a column, the pair. */
function slotsOf({ template, options, pair }: TaskColumns): readonly string[] {
  if (template === undefined) return pair === undefined ? ["text"] : ["text", "pair"];
  const parts = [
    ...parseTemplate(template).parts,
    ...(options === undefined ? [] : parseOptions(options).parts.flat()),
  ];
  return [...new Set(slotNames(parts))];
}

/** The column that fills a slot. */
function columnOf(slot: string, { text, pair }: Columns): string | undefined {
  return slot === "text" ? text : slot === "pair" ? pair : slot;
}

function wantedColumns(columns: TaskColumns, slots: readonly string[]): readonly ColumnRequest[] {
  const texts = slots.flatMap((slot) => columnOf(slot, columns) ?? []);
  return [...texts.map((name): ColumnRequest => textRequest(name, columns)), ...countedColumns(columns)];
}

function recordOf(
  { line, fields, lists, unit }: DataRecord,
  columns: TaskColumns,
  slots: readonly string[],
): TaskRecord {
  const textOf = (slot: string): string | undefined => fields[columnOf(slot, columns) ?? ""];
  const others = slots.filter((slot) => slot !== "text" && slot !== "pair");
  return {
    line,
    ...(slots.includes("text") && { text: textOf("text") }),
    ...(slots.includes("pair") && { pair: textOf("pair") }),
    ...(others.length > 0 && {
      fields: Object.fromEntries(others.map((slot) => [slot, textOf(slot) ?? ""])),
    }),
    ...(columns.answers === undefined
      ? { label: fields[columns.label] }
      : { answers: lists[columns.answers] ?? [] }),
    ...(unit !== undefined && { unit }),
  };
}
