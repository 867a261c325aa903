import { readFileSync } from "node:fs";
import { dirname } from "node:path";

import ts from "typescript";

import { type Example, namesUsed, parsedExample, sources, textOf } from "./examples.js";
import { repositoryPath } from "./shared.js";

/** A name that an example takes from a module. */
export interface Taken {
  readonly name: string;
  /** A file of the repository, or a package. */
  readonly module: string;
}

/** An example as a module of its own: the names it uses, found, and the code as it stands. */
export interface ExampleModule extends Example {
  readonly source: ts.SourceFile;
  readonly taken: readonly Taken[];
  /** Names that stand for what a reader has at that place: an open checkpoint, a tokenizer. */
  readonly scope: readonly string[];
}

interface PackageFile {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

/** Source files of the package's entries, as `dpzo/node` to `src/node/index.ts`. */
export const entries: ReadonlyMap<string, string> = new Map(
  Object.entries((JSON.parse(textOf("package.json")) as PackageFile).exports).flatMap(([entry, target]) =>
    typeof target === "string"
      ? []
      : [[entry.replace(".", "dpzo"), target.types.replace("./dist", "src").replace(".d.ts", ".ts")]],
  ),
);

/**
 * Makes modules of examples. One that imports nothing gets each name from its own file, else from one beside it, else
 * from the one source file that has it.
 */
export function exampleModules(
  examples: readonly Example[],
  scopeNames: ReadonlySet<string>,
): readonly ExampleModule[] {
  const homes = homesOfNames();
  return examples.map((example) => {
    const source = parsedExample(example);
    const imported = importsOf(source);
    const used = [...namesUsed(source)];
    const found = imported.length > 0 ? [] : used.flatMap((name) => homeOf(name, example.file, homes));
    const known = new Set(found.map(({ name }) => name));
    const scope = imported.length > 0 ? [] : used.filter((name) => scopeNames.has(name) && !known.has(name));
    return { ...example, source, taken: [...imported, ...found], scope };
  });
}

function importsOf(source: ts.SourceFile): readonly Taken[] {
  return source.statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
    const { text } = moduleSpecifier as ts.StringLiteral;
    const bindings = importClause?.namedBindings;
    const names = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
    return names.map(({ name }) => ({ name: name.text, module: entries.get(text) ?? text }));
  });
}

/** The source files that export each name, those of tests left out. */
function homesOfNames(): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  const declared = /^export (?:abstract |async )?(?:function\*?|class|const|interface|type) (\w+)/gmu;
  for (const file of sources) {
    for (const [, name = ""] of textOf(file).matchAll(declared))
      homes.set(name, [...(homes.get(name) ?? []), file]);
  }
  return homes;
}

function homeOf(name: string, file: string, homes: ReadonlyMap<string, readonly string[]>): readonly Taken[] {
  const files = homes.get(name) ?? [];
  const near = files.filter((home) => dirname(home) === dirname(file));
  const [module, ...others] = files.includes(file) ? [file] : near.length > 0 ? near : files;
  return module === undefined || others.length > 0 ? [] : [{ name, module }];
}

/** What is wrong with each module, as `place: message`; all are compiled in one program against the source. */
export function faultsOf(modules: readonly ExampleModule[]): readonly string[] {
  const texts = new Map(modules.map((module, index) => [pathOf(index), moduleText(module)]));
  const program = ts.createProgram([...texts.keys()], compilerOptions(), hostWith(texts));
  return modules.flatMap((module, index) => {
    const file = program.getSourceFile(pathOf(index));
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${module.place}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}

function pathOf(index: number): string {
  return repositoryPath(`test/support/shown-${index}.ts`);
}

function moduleText({ source, taken, scope }: ExampleModule): string {
  const isWritten = source.statements.some(ts.isImportDeclaration);
  const imports = taken.map(
    ({ name, module }) => `import { ${name} } from "../../${module.replace(/\.ts$/u, ".js")}";`,
  );
  return [
    ...(isWritten ? [] : imports),
    ...(scope.length > 0 ? ['import type { ExampleScope } from "./example-scope.js";'] : []),
    ...scope.map((name) => `declare const ${name}: ExampleScope["${name}"];`),
    source.text,
    "export {};",
  ].join("\n");
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(repositoryPath("tsconfig.json"), (path) =>
    readFileSync(path, "utf8"),
  ) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repositoryPath(""));
  const paths = Object.fromEntries([...entries].map(([entry, file]) => [entry, [repositoryPath(file)]]));
  return { ...options, paths, verbatimModuleSyntax: false };
}

function hostWith(texts: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions());
  return {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, target) => {
      const text = texts.get(path);
      return text === undefined ? host.getSourceFile(path, target) : ts.createSourceFile(path, text, target);
    },
  };
}
