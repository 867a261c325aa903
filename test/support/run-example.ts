import ts from "typescript";

import type { ExampleModule } from "./example-modules.js";
import { repositoryPath } from "./shared.js";

/** A value that an example came to, and what its comment says of it. */
export interface Shown {
  readonly line: string;
  readonly value: unknown;
  readonly comment: string;
}

type Body = (...values: readonly unknown[]) => Promise<void>;
type Constructor = new (...parameters: readonly string[]) => Body;
const AsyncFunction = async function () {
  await Promise.resolve();
}.constructor as unknown as Constructor;

/**
 * Runs an example from its first statement to its last.
 *
 * @param scope values of the names that the example does not make itself
 * @returns the value of each expression that has a comment after it or on the next line
 */
export async function runExample(
  module: ExampleModule,
  scope: Readonly<Record<string, unknown>>,
): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  const show = (value: unknown, line: string, comment: string): void => {
    shown.push({ line, value, comment });
  };
  const named = Object.fromEntries(module.scope.map((name) => [name, scope[name]]));
  const values = { ...(await takenValues(module)), ...named, show, console: silentConsole };
  await new AsyncFunction(...Object.keys(values), bodyOf(module.source))(...Object.values(values));
  return shown;
}

const silentConsole = { log: (): void => undefined };

async function takenValues({ taken }: ExampleModule): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const { name, module } of taken) {
    const path = module.endsWith(".ts") ? repositoryPath(module) : module;
    const { [name]: value } = (await import(path)) as Record<string, unknown>;
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function bodyOf(source: ts.SourceFile): string {
  const statements = source.statements.filter((statement) => !ts.isImportDeclaration(statement));
  const text = statements.map((statement) => shownStatement(statement, source)).join("\n");
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  return outputText;
}

function shownStatement(statement: ts.Statement, source: ts.SourceFile): string {
  const text = statement.getText(source).replace(/^export /u, "");
  const [, comment] = /^[ \t]*\n?[ \t]*\/\/ (.*)/u.exec(source.text.slice(statement.end)) ?? [];
  if (comment === undefined || !ts.isExpressionStatement(statement)) return text;
  return `show(${statement.expression.getText(source)}, ${JSON.stringify(text)}, ${JSON.stringify(comment)});`;
}

/**
 * The value that a comment states: a JavaScript expression in which `2.30116...` is any number that begins so, and
 * `, ... }` leaves keys out. What follows a semicolon is for people.
 *
 * @throws {Error} where it is no value
 */
export function statedValue(comment: string): { readonly value: unknown; readonly isPartial: boolean } {
  const [text = ""] = comment.split("; ");
  const isPartial = text.includes(", ... }");
  const expression = text
    .replace(", ... }", " }")
    .replaceAll(/(-?\d+\.\d*)\.\.\.(e[+-]?\d+)?/gu, 'beginning("$1", "$2")');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the repository's own text
  const evaluate = new Function("beginning", `"use strict"; return (${expression});`) as (
    make: typeof beginning,
  ) => unknown;
  return { value: evaluate(beginning), isPartial };
}

/** Matches numbers whose digits begin so, written with that exponent if there is one. */
function beginning(digits: string, exponent = ""): { readonly asymmetricMatch: (value: unknown) => boolean } {
  return {
    asymmetricMatch: (value) => {
      const text = exponent === "" ? String(value) : Number(value).toExponential();
      return text.startsWith(digits) && text.endsWith(exponent);
    },
  };
}

/** A value as it is compared: typed arrays as arrays, whose kind no comment tells. */
export function comparable(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}
