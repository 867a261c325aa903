import { CommanderError } from "commander";
import { expect, test } from "vitest";

import { CheckpointError } from "../checkpoint/index.js";
import { DataError } from "../data/index.js";
import { ModelError } from "../model/errors.js";
import { PlanError } from "../plan/errors.js";
import { RuntimeError } from "../runtime/errors.js";
import { UsageError } from "./errors.js";
import { exitCodeOf, exitCodes } from "./exit-codes.js";
import { createOutput, duration, figure } from "./output.js";

function streams(isTTY: boolean) {
  const written = { out: "", err: "" };
  const stdout = { write: (text: string) => (written.out += text) };
  const stderr = { write: (text: string) => (written.err += text), isTTY };
  return { written, stdout, stderr };
}

test("with --json the object is all that stands on stdout, whatever else is said", () => {
  const made = streams(false);
  const output = createOutput(made, { json: true, quiet: false });
  output.say("hello");
  output.progress("half");
  output.answer({ a: 1 }, () => ["in words"]);
  expect(made.written.out).toBe('{"a":1}\n');
  expect(made.written.err).toBe("hello\nhalf\n");
});

test("without --json the answer is its lines; with --quiet nothing is said beside it", () => {
  const made = streams(true);
  const output = createOutput(made, { json: false, quiet: true });
  output.say("hello");
  output.progress("half");
  output.progressEnd();
  output.answer({ a: 1 }, () => ["one", "two"]);
  expect(made.written).toEqual({ out: "one\ntwo\n", err: "" });
});

test("progress replaces its line on a terminal, and is limited elsewhere", () => {
  const terminal = streams(true);
  const onTerminal = createOutput(terminal, { json: false, quiet: false });
  onTerminal.progress("1");
  onTerminal.progress("2");
  onTerminal.say("done");
  expect(terminal.written.err).toBe("\r\u001b[2K1\r\u001b[2K2\ndone\n");
  const file = streams(false);
  const inFile = createOutput(file, { json: false, quiet: false });
  for (let i = 0; i < 100; i += 1) inFile.progress(String(i));
  expect(file.written.err).toBe("0\n");
});

test("durations and figures are as people write them", () => {
  expect([0, 59.4, 59.6, 75, 3600].map(duration)).toEqual([
    "0 s",
    "59 s",
    "1 min 0 s",
    "1 min 15 s",
    "60 min 0 s",
  ]);
  expect([figure(1.5), figure(2), figure(0.123456), figure(12.34, 1), figure(Infinity)]).toEqual([
    "1.5",
    "2",
    "0.1235",
    "12.3",
    "Infinity",
  ]);
});

test("each kind of error has its exit code, and what was not foreseen has 1", () => {
  const message = "x";
  const cases: [unknown, number][] = [
    [new UsageError("usage", { message }), exitCodes.usage],
    [new DataError("empty-file", { message }), exitCodes.data],
    [new CheckpointError("tensor-missing" as never, { message }), exitCodes.checkpoint],
    [new RuntimeError("self-test-failed", { message }), exitCodes.runtime],
    [new PlanError("plan-mismatch", { message }), exitCodes.plan],
    [new PlanError("contradictory-settings", { message }), exitCodes.usage],
    [new ModelError("unknown-selection", { message }), exitCodes.usage],
    [new ModelError("unknown-architecture", { message }), exitCodes.checkpoint],
    [new CommanderError(1, "commander.unknownOption", message), exitCodes.usage],
    [new CommanderError(0, "commander.helpDisplayed", message), exitCodes.done],
    [new TypeError(message), exitCodes.failed],
    ["text", exitCodes.failed],
  ];
  for (const [error, code] of cases) expect(exitCodeOf(error)).toBe(code);
});
