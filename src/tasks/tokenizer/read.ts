import type * as z from "zod";
import { TaskError } from "../errors.js";

/** Most characters of a value or a name from a file that a message shows. */
const shownCharacters = 80;
/** Parts in parts: no tokenizer has more than two levels, and a file must not decide how deep the stack grows. */
export const deepest = 8;
/** Parts of one sequence. */
export const mostParts = 64;

/** A value from a file as a message shows it: on one line and cut. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

/** The error for a `tokenizer.json` that dpzo does not read exactly as Python's `tokenizers` does. */
export function refused(at: string, reason: string, expected?: string): TaskError {
  return new TaskError("invalid-tokenizer", {
    message: `tokenizer.json cannot be read at "${shownPath(at)}": ${reason}.`,
    value: shownPath(at),
    ...(expected !== undefined && { expected }),
  });
}

/** The error for a component that is not among those that give the ids of Python's `tokenizers`. */
export function unsupported(at: string, type: unknown, known: readonly string[]): TaskError {
  const what = typeof type === "string" ? `the component ${shown(type)} is not supported` : "it has no type";
  return refused(at, what, `one of ${known.join(", ")}`);
}

/**
 * Checks one part of the file against its schema.
 *
 * @throws {TaskError} code `invalid-tokenizer`, with the path of the first entry that does not fit and no long value.
 */
export function read<Output>(schema: z.ZodType<Output>, value: unknown, at: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [at, ...(issue?.path ?? []).map(String)].filter((part) => part !== "").join(".");
  throw refused(path, (issue?.message ?? "unknown form").slice(0, 2 * shownCharacters));
}

/** The parts of a component of type `Sequence`, of which each has its own type. */
export function partsOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(at, "it is no list");
  if (value.length > mostParts) throw refused(at, `it has ${value.length} parts`, `at most ${mostParts}`);
  return value as readonly unknown[];
}

/** The `type` of a component, and the component as an object. */
export function typedComponent(value: unknown, at: string, depth: number): Readonly<Record<string, unknown>> {
  if (depth > deepest) throw refused(at, "components stand in components", `at most ${deepest} levels`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refused(at, "it is no object", "an object with a type");
  }
  return value as Readonly<Record<string, unknown>>;
}

function shownPath(path: string): string {
  return path.length <= 2 * shownCharacters ? path : `${path.slice(0, 2 * shownCharacters)}…`;
}

/** A surrogate without its other half: no UTF-8 file holds one, and JSON can write it. */
export const halfCharacter = /[\uD800-\uDFFF]/u;
