/**
 * What stands for a privacy unit: its text without surrounding white space, by which records are put together.
 *
 * The number 1, the string "1" and " 1" are one unit; capitals and spellings of one name are told apart. A number that
 * is not whole, or too large to be read exactly, stands for none: two units could come out as one.
 *
 * @returns `undefined` for what cannot stand for a unit; the empty string for blank text
 * @example
 * unitText(" ann "); // "ann"
 */
export function unitText(value: unknown): string | undefined {
  if (typeof value === "string" || typeof value === "boolean") return String(value).trim();
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
