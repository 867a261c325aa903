import type { ColumnRequest } from "../data/index.js";
import { namedTask, type NamedTask, type UsualColumn, usualColumns } from "../tasks/index.js";

/** What says which columns hold what is right, and whom a record belongs to. */
export interface RightColumns {
  readonly label: string;
  /** The column that every record has instead of a label, for a task with answers. */
  readonly answers?: string | undefined;
  /** The column of the privacy unit, where that is not the record. */
  readonly unit?: string | undefined;
  /** The name of the task, whose columns have other names in some copies. */
  readonly task?: string | undefined;
  readonly labelWords?: string | undefined;
  readonly options?: string | undefined;
}

/** The columns that every record is counted by: its label or answers, and its unit. */
export function countedColumns(columns: RightColumns): readonly ColumnRequest[] {
  const { answers, unit } = columns;
  const right: ColumnRequest =
    answers === undefined ? labelRequest(columns) : { name: answers, kind: "texts" };
  return unit === undefined ? [right] : [right, { name: unit, kind: "unit" }];
}

/** A column of text, with the names that it has in other copies of a named task. */
export function textRequest(name: string, { task }: Pick<RightColumns, "task">): ColumnRequest {
  const usual = usualOf(task);
  const column = ways(task).some((way) => way.text === name)
    ? usual.text
    : ways(task).some((way) => way.pair === name)
      ? usual.pair
      : undefined;
  return { name, kind: "text", ...namesOnly(column) };
}

/** The column of the label. Who gives labels or words of their own means those of the file, as they stand. */
function labelRequest({ label: name, task, labelWords, options }: RightColumns): ColumnRequest {
  const plain = { name, kind: "label" } as const;
  const isTasks = ways(task).some(
    (way) => way.label === name && way.labelWords === labelWords && way.options === options,
  );
  return isTasks ? { ...plain, ...usualOf(task).label } : plain;
}

function namesOnly({ others, better }: UsualColumn = {}): Pick<UsualColumn, "others" | "better"> {
  return { ...(others && { others }), ...(better && { better }) };
}

function usualOf(task: string | undefined): (typeof usualColumns)[string] {
  return (task !== undefined && Object.hasOwn(usualColumns, task) ? usualColumns[task] : undefined) ?? {};
}

/** A named task in the prompts for both kinds of model; its columns are the same in both. */
function ways(task: string | undefined): readonly NamedTask[] {
  if (task === undefined || !Object.hasOwn(usualColumns, task)) return [];
  return [namedTask(task, "masked-lm"), namedTask(task, "causal-lm")];
}
