/** One task of each kind on a decoder, from the command line: train, verify, replay, eval, in-context learning. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { dpzo, ensureBuilt } from "./support/built-cli.js";
import { writeToDisk } from "./support/tiny-model.js";
import { tinyDecoder } from "./support/tiny-decoder.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-decoder-"));
const base = join(folder, "base");
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const sentences = Array.from({ length: 20 }, (_, at) => ({
  text: `${at % 2 === 0 ? "dull" : "warm"} film ${at}`,
  label: at % 2,
}));
const choices = Array.from({ length: 20 }, (_, at) => ({
  premise: `Film ${at} was warm.`,
  question: at % 3 === 0 ? "cause" : "effect",
  choice1: "I ran.",
  choice2: `He saw it ${at} times.`,
  label: at % 2,
}));
const questions = Array.from({ length: 20 }, (_, at) => ({
  context: `Film ${at} is great.`,
  question: "What is great?",
  answers: [`film ${at}`, "the film"],
}));

const cases = [
  {
    name: "sst2",
    rows: sentences,
    flags: ["--template", "{text} It was {mask}", "--label-words", "terrible,great"],
    scores: ["accuracy", "macroF1"],
    words: /accuracy .* macro-F1/u,
    card: "| label words | 0: terrible, 1: great |",
    planned: { labelWords: ["terrible", "great"] },
  },
  {
    name: "copa",
    rows: choices,
    flags: ["--task", "copa"],
    scores: ["accuracy", "macroF1"],
    words: /accuracy .* macro-F1/u,
    card: "| options | 0: {choice1:lower}, 1: {choice2:lower} |",
    planned: { options: ["{choice1:lower}", "{choice2:lower}"] },
  },
  {
    name: "squad",
    rows: questions,
    flags: ["--task", "squad", "--answer-tokens", "6", "--maximum-tokens", "80"],
    scores: ["exactMatch", "f1"],
    words: /exact match .* F1/u,
    card: "| answer | written, up to the end of the line, at most 6 tokens |",
    planned: { answerTokens: 6 },
  },
] as const;

const settings = [
  ...["--method", "dp-aggzo", "--epsilon", "1000", "--steps", "3", "--batch", "10", "--directions", "2"],
  ...["--learning-rate", "0.01", "--clip", "4", "--seed", "3", "--train", "last:1"],
];

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyDecoder(), base);
  for (const { name, rows } of cases) {
    writeFileSync(join(folder, `${name}.jsonl`), lines(rows));
    // The whole of the training file would be refused.
    writeFileSync(join(folder, `${name}-public.jsonl`), lines(rows.slice(1)));
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const answerOf = (stdout: string) => JSON.parse(stdout) as Record<string, Record<string, unknown>>;

for (const { name, flags, scores, words, card, planned } of cases) {
  describe(name, () => {
    const data = join(folder, `${name}.jsonl`);
    const publicData = join(folder, `${name}-public.jsonl`);
    const out = join(folder, `run-${name}`);
    const common = ["--data", data, ...flags];

    test("trains, and metrics, report and card say how the task is scored", async () => {
      const run = ["train", "--model", base, ...common, ...settings, "--eval-data", publicData, "--out", out];
      const { code, stdout, stderr } = await dpzo(...run);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(words);
      const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as Record<string, object>;
      for (const when of ["zeroShot", "final"]) expect(Object.keys(metrics[when]!)).toEqual(scores);
      expect("largerClass" in metrics).toBe(name !== "squad");
      expect(readFileSync(join(out, "model/README.md"), "utf8")).toContain(card);
      const report = readFileSync(join(out, "report.html"), "utf8");
      expect(report).toContain(name === "squad" ? "exact match" : "larger class");
      const ledger = readFileSync(join(out, "ledger.jsonl"), "utf8");
      const [header = ""] = ledger.split("\n");
      expect(header).toContain(JSON.stringify(planned).slice(1, -1));
      expect(header).toContain(name === "sst2" ? "dpzo-plan/" : "dpzo-plan/2");
    });

    test("verifies, and replays to the same bytes", async () => {
      const ledger = join(out, "ledger.jsonl");
      expect((await dpzo("verify", "--ledger", ledger, "--base", base)).code).toBe(0);
      const again = join(folder, `again-${name}`);
      expect((await dpzo("replay", "--base", base, "--ledger", ledger, "--out", again)).code).toBe(0);
      for (const file of ["model.safetensors", "README.md"]) {
        expect(readFileSync(join(again, file)).equals(readFileSync(join(out, "model", file))), file).toBe(
          true,
        );
      }
    });

    test("eval of the trained model gives the run's final scores, zero-shot those of before", async () => {
      const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as Record<string, object>;
      for (const [model, when] of [
        [join(out, "model"), "final"],
        [base, "zeroShot"],
      ] as const) {
        const tested = ["--data", publicData, ...flags];
        const { code, stdout, stderr } = await dpzo("eval", "--model", model, ...tested, "--json");
        expect(code, stderr).toBe(0);
        expect(answerOf(stdout)).toMatchObject(metrics[when]!);
      }
    });

    test("demonstrations: as many as the model's positions take, and all three flags or none", async () => {
      const small = name === "squad" ? ["--maximum-tokens", "56"] : ["--maximum-tokens", "48"];
      const shots = ["--shots", "9", "--shots-data", data, "--shots-seed", "1"];
      const run = ["eval", "--model", base, ...common, ...small, "--json"];
      const { code, stdout, stderr } = await dpzo(...run, ...shots);
      expect(code, stderr).toBe(0);
      const shown = Number(answerOf(stdout)["shots"]);
      expect(shown).toBeGreaterThan(0);
      expect(shown).toBeLessThan(9);
      expect((await dpzo(...run, ...shots.slice(0, 4))).code).toBe(2);
    });
  });
}

test("a masked model's options are refused before any record is read", async () => {
  const model = join(import.meta.dirname, "../models/minilm-mlm");
  const data = join(folder, "copa.jsonl");
  const { code, stderr } = await dpzo("eval", "--model", model, "--task", "copa", "--data", data);
  expect(code).not.toBe(0);
  expect(stderr).toContain("[needs-decoder]");
});
