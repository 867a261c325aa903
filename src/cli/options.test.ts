import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Command } from "commander";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";

import { addSchemaOptions, kebabCase, resolveSettings } from "./options.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-options-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const schema = z.strictObject({
  learningRate: z.number().positive().default(0.1).describe("rate"),
  steps: z.number().int().min(1).describe("steps"),
  train: z.array(z.string()).default(["head"]).describe("what"),
  method: z.enum(["dp-zoso"]).default("dp-zoso").describe("method"),
  maskRatio: z.array(z.number()).optional().describe("ratios"),
  rank: z.boolean().optional().describe("a switch"),
});

function parse(...args: string[]): Record<string, unknown> {
  const command = new Command("x").exitOverride().configureOutput({ writeErr: () => undefined });
  addSchemaOptions(command, schema);
  command.parse(args, { from: "user" });
  return command.opts();
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("a key becomes a kebab-case flag; numbers are numbers, and a repeated flag is a list", () => {
  expect(kebabCase("learningRate")).toBe("learning-rate");
  expect(parse("--learning-rate", "2e-3", "--train", "head", "--train", "last:1")).toEqual({
    learningRate: 0.002,
    train: ["head", "last:1"],
  });
  expect(parse("--mask-ratio", "0.1", "--mask-ratio", "2e-1", "--rank")).toEqual({
    maskRatio: [0.1, 0.2],
    rank: true,
  });
  expect(() => parse("--mask-ratio", "half")).toThrow(/--mask-ratio is "half"/u);
  expect(() => parse("--steps", "many")).toThrow(/--steps is "many"/u);
  expect(() => parse("--steps", "")).toThrow(/a number/u);
  expect(() => parse("--method", "sgd")).toThrow(/dp-zoso/u);
});

test("flags stand over the file, the file over the defaults; YAML and JSON, in either spelling", () => {
  for (const config of [
    file("a.yaml", "learning-rate: 3\nsteps: 5\n"),
    file("b.json", '{"learningRate": 3, "steps": 5}'),
  ]) {
    expect(resolveSettings(schema, { config })).toEqual({
      learningRate: 3,
      steps: 5,
      train: ["head"],
      method: "dp-zoso",
    });
    expect(resolveSettings(schema, { config, steps: 9 })).toMatchObject({ steps: 9, learningRate: 3 });
  }
});

test("anything unknown, missing or out of range is named", () => {
  const config = file("unknown.yaml", "stepz: 5\n");
  for (const [flags, words] of [
    [{ config, steps: 1 }, "Unknown setting stepz"],
    [{}, "--steps"],
    [{ steps: 0 }, "--steps"],
    [{ steps: 1, learningRate: -1 }, "--learning-rate"],
  ] as const) {
    expect(() => resolveSettings(schema, flags)).toThrow(words);
  }
});

test("a file that is not there, is not YAML, or is no mapping is refused as a config file", () => {
  for (const config of [
    join(folder, "nowhere.yaml"),
    file("broken.yaml", "a: [1\n"),
    file("list.yaml", "- 1\n"),
    file("empty.yaml", ""),
  ]) {
    expect(() => resolveSettings(schema, { config })).toThrow(
      expect.objectContaining({ code: "config-file" }) as Error,
    );
  }
});

test("a setting that was not given is said to be missing, one of another kind to be wrong", () => {
  expect(() => resolveSettings(schema, {})).toThrow(/^--steps is missing\. See --help/u);
  expect(() => resolveSettings(schema, { steps: "many" })).toThrow(/^--steps: /u);
  expect(() => resolveSettings(schema, { steps: null })).not.toThrow(/missing/u);
});
