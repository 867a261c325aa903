import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { exampleModules, faultsOf } from "./support/example-modules.js";
import { scopeNames, scopeValues } from "./support/example-scope.js";
import { allExamples, examplesOf, sources, textOf } from "./support/examples.js";
import { comparable, runExample, statedValue } from "./support/run-example.js";
import { repositoryPath } from "./support/shared.js";

const modules = exampleModules(allExamples(), scopeNames);
const scope: Readonly<Record<string, unknown>> = await scopeValues();

/** Examples that are compiled and not run, by a piece of their code. */
const notRun: Readonly<Record<string, string>> = {
  'readFile("runs/reviews/ledger.jsonl")': "needs a finished run",
  "allowRemoteModels: false": "needs an exported folder",
  "forwardPasses: 2e7": "searches for half a minute; its own test runs it",
  "prepareMailCorpus()": "unpacks a whole corpus; its own test runs it",
};

test("every snippet of the pages and every @example of the source compiles", () => {
  expect(modules.length).toBeGreaterThan(80);
  expect(faultsOf(modules)).toEqual([]);
});

test("no @example is written in a way that the reader of examples misses", () => {
  const missed = sources.filter((file) => {
    const text = textOf(file);
    return text.split("@example").length - 1 !== examplesOf(file, text).length;
  });
  expect(missed).toEqual([]);
});

describe("examples that need nothing but the repository run, and come to what their comments say", () => {
  const here = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "dpzo-examples-"));
  const isNamed = (code: string): boolean => Object.keys(notRun).some((piece) => code.includes(piece));
  const selfContained = modules.filter(
    ({ code, scope: names }) => !isNamed(code) && names.every((name) => name in scope),
  );

  // Examples write into the folder they are run in, and read the model beside it.
  beforeAll(() => {
    symlinkSync(repositoryPath("models"), join(folder, "models"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(here);
    rmSync(folder, { recursive: true, force: true });
  });

  test("they are most of all examples, and each that is named as not run is there", () => {
    expect(selfContained.length).toBeGreaterThan(modules.length * 0.7);
    for (const piece of Object.keys(notRun))
      expect(modules.some(({ code }) => code.includes(piece))).toBe(true);
  });

  test.each(selfContained.map((module) => [module.place, module] as const))("%s", async (_, module) => {
    for (const { line, value, comment } of await runExample(module, scope)) {
      const stated = statedValue(comment);
      if (stated.isPartial) expect(comparable(value), line).toMatchObject(stated.value as object);
      else expect(comparable(value), line).toEqual(stated.value);
    }
  });
});
