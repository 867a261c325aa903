import { unitText } from "../unit-text.js";
import { DataError } from "./errors.js";

/** Another name of a column, and what its values are called under that name. */
export interface OtherName {
  readonly name: string;
  /** By the value in the file: what it stands for. */
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * A column that is wanted. `text` must be a string (it may be empty); `texts` a string, a list of strings, or an object
 * whose `text` is one of these, as SQuAD's answers are; `label` a string, a boolean or a number, given as a string, not
 * blank; `unit` (whom a record belongs to) a string, a whole number or a boolean, not blank, and given by the record's
 * `unit`.
 */
export interface ColumnRequest extends OtherName {
  readonly kind: "text" | "texts" | "label" | "unit";
  /** Names it has in other copies of the same data; the first of all that is there is read. */
  readonly others?: readonly OtherName[];
  /** Names that come before `name`, where they are there. */
  readonly better?: readonly OtherName[];
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

/** Where a row stands, and what can be said about it. */
export interface RowPlace {
  readonly file: string;
  readonly line: number;
}

/**
 * The name under which a wanted column is there, and what its values stand for.
 *
 * @param has whether the row, or the header, has a name
 */
export function foundName(
  { name, values, others = [], better = [] }: ColumnRequest,
  has: (name: string) => boolean,
): OtherName | undefined {
  const main = { name, ...(values && { values }) };
  return [...better, main, ...others].find((candidate) => has(candidate.name));
}

/**
 * The error for a column that is not there. Of the names that are there it says how many: where a file has no header
 * row they are its first record, and in a JSONL file they may be anything.
 *
 * @param present the names there are, which are not shown
 * @param wanted all columns that are asked for: with none of them there, the file seems to have no header row
 */
export function missingColumn(
  { file, line }: RowPlace,
  request: ColumnRequest,
  present: readonly string[],
  wanted: readonly ColumnRequest[],
  kind: "header" | "object",
): DataError {
  const names = [request, ...(request.others ?? [])].map(({ name }) => JSON.stringify(name)).join(" or ");
  const noun = kind === "header" ? "column" : "key";
  const count = `${present.length} ${noun}${present.length === 1 ? "" : "s"}`;
  return new DataError("missing-column", {
    message: `Line ${line} of ${file} has no ${kind === "header" ? "column" : "column (key)"} ${names}.`,
    value: line,
    expected: `${names} among its ${count}, whose names are not shown, as they may be private`,
    next: adviceFor(request, present, wanted, kind),
  });
}

/** What may be wrong, from comparing with public names alone. */
function adviceFor(
  { name }: ColumnRequest,
  present: readonly string[],
  wanted: readonly ColumnRequest[],
  kind: "header" | "object",
): string {
  const plain = (text: string): string => text.trim().toLowerCase();
  if (present.some((other) => plain(other) === plain(name)))
    return "One differs from it in capitals or white space alone.";
  const names = new Set(present);
  const someFound = wanted.some((request) => foundName(request, (one) => names.has(one)) !== undefined);
  if (kind === "object" || someFound) return "Say what the column is called in the file.";
  return "The file seems to have no header row, or another character between its columns: put a row of names first.";
}

/**
 * Takes the wanted fields out of one row.
 *
 * @param get - the value under a name, `undefined` when the row has no such column.
 * @param present - the names there are: to count them for the message.
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
  for (const request of columns) {
    const { name, kind } = request;
    const found = foundName(request, (one) => get(one) !== undefined);
    if (found === undefined) throw missingColumn({ file, line }, request, present(), columns, "object");
    const value = get(found.name);
    if (kind === "texts") lists[name] = asTexts(value, found.name, file, line);
    else if (kind === "unit") unit = asUnit(value, found.name, file, line);
    else if (kind === "text") fields[name] = asText(value, found.name, file, line);
    else fields[name] = translated(asLabel(value, found.name, file, line), found);
  }
  return { line, fields, lists, ...(unit !== undefined && { unit }) };
}

function translated(label: string, { values = {} }: OtherName): string {
  const key = label.trim();
  return Object.hasOwn(values, key) ? (values[key] ?? label) : label;
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
  const list = textsInside(value);
  if (!Array.isArray(list)) return [asText(list, name, file, line)];
  return list.map((item) => asText(item, name, file, line));
}

/** SQuAD's answers are an object of two lists: the texts, and where each begins. */
function textsInside(value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, "text") ? (value as { readonly text: unknown }).text : value;
}

function asLabel(value: unknown, name: string, file: string, line: number): string {
  if (!isLabel(value)) {
    throw new DataError("bad-label", {
      message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is ${kindOf(value)}, which is no label.`,
      value: line,
      expected: "a string, a boolean, or a number that is read exactly",
    });
  }
  const text = String(value);
  if (text.trim() !== "") return text;
  throw new DataError("empty-label", {
    message: `Column ${JSON.stringify(name)} at line ${line} of ${file} is empty.`,
    value: line,
    expected: "a label on every row",
    next: "Leave out rows without a label.",
  });
}

/** Of whole numbers beyond 2^53 several are read as one: two labels could come out as the same. */
function isLabel(value: unknown): value is string | number | boolean {
  if (typeof value === "string" || typeof value === "boolean") return true;
  return (
    typeof value === "number" &&
    (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value))
  );
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
