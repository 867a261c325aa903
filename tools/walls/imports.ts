import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

import ts from "typescript";

import { repositoryFile } from "../figures/generated.js";

/** Sources by their path inside `src`, `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

/** One file asks for another, or for a package. */
export interface Import {
  readonly from: string;
  /** A path inside `src`; for a package its specifier, as it stands in the source. */
  readonly to: string;
  readonly isPackage: boolean;
  /** Nothing of it is left when types are gone. */
  readonly typeOnly: boolean;
}

/** The sources of `src` without tests. */
export function readSources(): Sources {
  const root = repositoryFile("src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
  return new Map(files.sort().map((path) => [path, readFileSync(`${root}/${path}`, "utf8")]));
}

/** Every import of the sources: `import`, `export from`, `import()` and `import("...").Type`. */
export function importsOf(sources: Sources): readonly Import[] {
  return [...sources].flatMap(([from, text]) => {
    const file = ts.createSourceFile(from, text, ts.ScriptTarget.Latest);
    const found: Import[] = [];
    const visit = (node: ts.Node): void => {
      const specifier = specifierOf(node);
      if (specifier !== undefined) found.push(resolved(from, specifier, isTypeOnly(node)));
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  });
}

function specifierOf(node: ts.Node): string | undefined {
  const named = (specifier: ts.Node | undefined): string | undefined =>
    specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return named(node.moduleSpecifier);
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? named(node.argument.literal) : undefined;
  }
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isDynamic ? named(node.arguments[0]) : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) {
    const { exportClause } = node;
    const isList = exportClause !== undefined && ts.isNamedExports(exportClause);
    return node.isTypeOnly || (isList && exportClause.elements.every((element) => element.isTypeOnly));
  }
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { name, namedBindings, phaseModifier } = node.importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const isList = namedBindings !== undefined && ts.isNamedImports(namedBindings);
  return name === undefined && isList && namedBindings.elements.every((element) => element.isTypeOnly);
}

function resolved(from: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith(".")) return { from, to: specifier, isPackage: true, typeOnly };
  const path = posix.join(posix.dirname(from), specifier).replace(/\.js$/u, ".ts");
  return { from, to: path, isPackage: false, typeOnly };
}
