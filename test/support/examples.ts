import { readdirSync, readFileSync } from "node:fs";

import ts from "typescript";

import { repositoryPath } from "./shared.js";

/** A piece of code that readers are shown: a fenced block of a page, or an `@example` of the source. */
export interface Example {
  /** File and line of its first line, as `src/shown.ts:12`. */
  readonly place: string;
  readonly file: string;
  readonly code: string;
}

/** Files below a folder of the repository whose names end so, in a fixed order, with `/` between folders. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(repositoryPath(folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .sort();
}

/** Pages for readers. */
export const pages: readonly string[] = [
  ...readdirSync(repositoryPath("")).filter((file) => file.endsWith(".md")),
  ...filesBelow("docs", ".md"),
];

/** Source files, without their tests. */
export const sources: readonly string[] = filesBelow("src", ".ts").filter(
  (file) => !file.endsWith(".test.ts"),
);

/** The text of a file of the repository. */
export function textOf(file: string): string {
  return readFileSync(repositoryPath(file), "utf8");
}

/** Fenced blocks of a page in one of the languages. */
export function snippetsOf(file: string, text: string, languages: readonly string[]): readonly Example[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gmsu)].flatMap(
    ({ 1: language = "", 2: code = "", index }) =>
      languages.includes(language) ? [{ file, place: `${file}:${lineAt(text, index) + 1}`, code }] : [],
  );
}

/** The `@example` blocks of a source file; one ends with its comment or at the next tag. */
export function examplesOf(file: string, text: string): readonly Example[] {
  const blocks = text.matchAll(/^[ \t]*\* @example\n(.*?)(?=^[ \t]*\*\/|^[ \t]*\* @)/gmsu);
  return [...blocks].map(({ 1: body = "", index }) => ({
    file,
    place: `${file}:${lineAt(text, index) + 1}`,
    code: body.replaceAll(/^[ \t]*\* ?/gmu, ""),
  }));
}

/** Every example that a test can compile: those of the pages and those of the source. */
export function allExamples(): readonly Example[] {
  return [
    ...pages.flatMap((file) => snippetsOf(file, textOf(file), ["ts", "js"])),
    ...sources.flatMap((file) => examplesOf(file, textOf(file))),
  ];
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** An example's code as it is compiled: `{ ... }` stands for the reader's own statements. */
export function parsedExample({ place, code }: Example): ts.SourceFile {
  const whole = code.replaceAll("{ ... }", "{ /**/ }");
  return ts.createSourceFile(`${place}.ts`, whole, ts.ScriptTarget.ES2022, true);
}

/** Names that an example uses and does not make itself. */
export function namesUsed(source: ts.SourceFile): ReadonlySet<string> {
  const used = new Set<string>();
  const made = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isProperty(node)) (isMade(node) ? made : used).add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return new Set([...used].filter((name) => !made.has(name)));
}

function isProperty(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}

function isMade(node: ts.Identifier): boolean {
  const { parent } = node;
  const names = ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent);
  return names ? parent.name === node : ts.isImportSpecifier(parent);
}
