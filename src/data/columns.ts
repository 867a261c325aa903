import { DataError } from "./errors.js";
import { unitText } from "./unit-text.js";

/**
 * A column that is wanted. `text` must be a string (it may be empty); `texts` a string or a list of strings; `label` a
 * string or a number, given as a string, not blank; `unit` (whom a record belongs to) a string, a whole number or a boolean, not
 * blank, and given by the record's `unit`.
 */
export interface ColumnRequest {
  readonly name: string;
  readonly kind: "text" | "texts" | "label" | "unit";
}

/** One record: the wanted fields by column name, and where it begins. */
export interface DataRecord {
  /** Counted from 1, the header included. */
  readonly line: number;
  /** On a null prototype: a column may be called anything. */
  readonly fields: Readonly<Record<string, string>>;
  /** Of the column asked for as `unit`: whom the record belongs to, trimmed. */
  readonly unit?: string;
  /** The columns asked for as `texts`, by name; on a null prototype. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
}

/** Most names, and characters of a name, that a message lists. */
const shownNames = 20;
const shownCharacters = 60;

/** The error for a column that is not there; lists those that are, which are public. */
export function missingColumn(
  file: string,
  line: number,
  name: string,
  present: readonly string[],
): DataError {
  const shown = present
    .slice(0, shownNames)
    .map((column) => JSON.stringify(column.slice(0, shownCharacters)));
  const more = present.length > shownNames ? ` and ${present.length - shownNames} more` : "";
  return new DataError("missing-column", {
    message: `Line ${line} of ${file} has no column ${JSON.stringify(name)}.`,
    value: line,
    expected:
      present.length === 0 ? "columns; it has none" : `one of its columns: ${shown.join(", ")}${more}`,
  });
}

/**
 * Takes the wanted fields out of one row.
 *
 * @param get - the value under a name, `undefined` when the row has no such column.
 * @param present - the names there are, for the message.
 * @throws {DataError} codes `missing-column`, `not-text`, `bad-label`, `empty-label`, `bad-unit`, `empty-unit`.
 */
export function pickFields(
  columns: readonly ColumnRequest[],
  get: (name: string) => unknown,
  present: () => readonly string[],
  file: string,
  line: number,
): DataRecord {
  const fields = Object.create(null) as Record<string, string>;
  const lists = Object.create(null) as Record<string, readonly string[]>;
  let unit: string | undefined;
  for (const { name, kind } of columns) {
    const value = get(name);
    if (value === undefined) throw missingColumn(file, line, name, present());
    if (kind === "texts") lists[name] = asTexts(value, name, file, line);
    else if (kind === "unit") unit = asUnit(value, name, file, line);
    else fields[name] = kind === "text" ? asText(value, name, file, line) : asLabel(value, name, file, line);
  }
  return { line, fields, lists, ...(unit !== undefined && { unit }) };
}

function asText(value: unknown, name: string, file: string, line: number): string {
  if (typeof value === "string") return value;
  throw new DataError("not-text", {
    message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is ${kindOf(value)}.`,
    value: line,
    expected: "a string",
  });
}

function asTexts(value: unknown, name: string, file: string, line: number): readonly string[] {
  if (!Array.isArray(value)) return [asText(value, name, file, line)];
  return value.map((item) => asText(item, name, file, line));
}

function asLabel(value: unknown, name: string, file: string, line: number): string {
  const isLabel = typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
  if (!isLabel) {
    throw new DataError("bad-label", {
      message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is ${kindOf(value)}.`,
      value: line,
      expected: "a string or a finite number",
    });
  }
  const text = String(value);
  if (text.trim() !== "") return text;
  throw new DataError("empty-label", {
    message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is empty.`,
    value: line,
    expected: "a label on every row",
  });
}

function asUnit(value: unknown, name: string, file: string, line: number): string {
  const text = unitText(value);
  if (text === undefined) {
    throw new DataError("bad-unit", {
      message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is ${kindOf(value)} that stands for no privacy unit.`,
      value: line,
      expected: "a string, a boolean, or a whole number of at most 15 digits",
    });
  }
  if (text !== "") return text;
  throw new DataError("empty-unit", {
    message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is empty.`,
    value: line,
    expected: "a privacy unit on every row: whom the record belongs to",
  });
}

/** The type alone: the value is private. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
