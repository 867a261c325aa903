import { expect, test } from "vitest";
import { openLedger } from "./open.js";
import type { LedgerFile } from "./file.js";
import { MemoryLedgerFile } from "./memory-file.js";
import { parseLedger } from "./parse.js";
import type { LedgerSchedule } from "./schedule.js";

const plan = { name: "a plan", rate: 0.0625 };
const schedule: LedgerSchedule = {
  stages: [
    { steps: 2, valueCount: 2 },
    { steps: 1, valueCount: 3 },
  ],
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("A new header is written atomically, so a ledger exists with its whole plan or not at all.", async () => {
  const calls: string[] = [];
  const file = new MemoryLedgerFile();
  const watched: LedgerFile = {
    readAll: () => file.readAll(),
    append: (bytes) => (calls.push("append"), file.append(bytes)),
    sync: () => (calls.push("sync"), file.sync()),
    replace: (bytes) => (calls.push("replace"), file.replace(bytes)),
  };
  const ledger = await openLedger(watched, plan, schedule);
  expect(calls).toEqual(["replace"]);
  expect(parseLedger(file.survivors()).plan).toEqual(plan);
  expect(ledger.hash).toBe(parseLedger(file.survivors()).hash);
});

test("A resumed ledger must hold this very plan; another one is refused.", async () => {
  const file = new MemoryLedgerFile();
  await openLedger(file, plan, schedule);
  await expect(openLedger(file, plan, schedule)).resolves.toMatchObject({ plan, lostStep: undefined });
  for (const other of [{ ...plan, rate: 0.5 }, { rate: 0.0625, name: "a plan" }, {}]) {
    await expect(openLedger(file, other, schedule)).rejects.toMatchObject({ code: "other-plan", line: 1 });
  }
});

test("A step whose noise may have been drawn before a crash is charged as lost before anything else is written.", async () => {
  const file = new MemoryLedgerFile();
  const first = await openLedger(file, plan, schedule);
  await first.beginStep(1, 0);
  const second = await openLedger(file, plan, schedule);
  expect(second.lostStep).toBe(1);
  expect(second.entries).toEqual([{ step: 1, stage: 0, lost: true }]);
  expect(second.nextStep).toBe(2);
  expect(parseLedger(file.survivors(), schedule).entries).toEqual(second.entries);
});

test("What was read is made durable before it is built on: a killed process can leave bytes that no disk has yet.", async () => {
  const first = new MemoryLedgerFile();
  const ledger = await openLedger(first, plan, schedule);
  const headerLength = first.length;
  await ledger.beginStep(1, 0);
  await ledger.completeStep([3, -4]);
  // The process was killed before its sync: the line can be read, and a power cut could still take it away.
  const killed = new MemoryLedgerFile({ bytes: first.survivors(), syncedLength: headerLength });
  const resumed = await openLedger(killed, plan, schedule);
  expect(resumed.entries).toEqual([{ step: 1, stage: 0, values: [3, -4] }]);
  expect(killed.survivors(0)).toEqual(first.survivors());
});

test("When `beginStep` has resolved, the step's number is on disk: draw noise only then.", async () => {
  const file = new MemoryLedgerFile();
  const ledger = await openLedger(file, plan, schedule);
  const before = file.length;
  await ledger.beginStep(1, 0);
  expect(text(file.survivors(0)).slice(before)).toBe('{"step":1,"stage":0,');
  expect(file.syncedLength).toBe(file.length);
});

test("When `completeStep` has resolved, the release is on disk: move weights or show anything only then.", async () => {
  const file = new MemoryLedgerFile();
  const ledger = await openLedger(file, plan, schedule);
  await ledger.beginStep(1, 0);
  const entry = await ledger.completeStep([3, -4]);
  expect(file.syncedLength).toBe(file.length);
  expect(parseLedger(file.survivors(0), schedule)).toEqual({ plan, entries: [entry], hash: ledger.hash });
});

test("Steps are written in order, once each, and never more than the schedule has.", async () => {
  const file = new MemoryLedgerFile();
  const ledger = await openLedger(file, plan, schedule);
  await expect(ledger.completeStep([1, 2])).rejects.toMatchObject({ code: "write-order" });
  for (const [step, stage] of [
    [2, 0],
    [0, 0],
    [1, 1],
  ] as const) {
    await expect(ledger.beginStep(step, stage)).rejects.toMatchObject({ code: "write-order" });
  }
  await ledger.beginStep(1, 0);
  await expect(ledger.beginStep(1, 0)).rejects.toMatchObject({ code: "write-order" });
  await expect(ledger.completeStep([1])).rejects.toMatchObject({ code: "bad-values" });
  await expect(ledger.completeStep([1, 0.5])).rejects.toMatchObject({ code: "bad-values" });
  await expect(ledger.completeStep([1, 2 ** 53])).rejects.toMatchObject({ code: "bad-values" });
  await ledger.completeStep([1, -0]);
  await expect(ledger.completeStep([1, 2])).rejects.toMatchObject({ code: "write-order" });
  await ledger.beginStep(2, 0);
  await ledger.abandonStep();
  expect(ledger.nextStage).toBe(1);
  await ledger.beginStep(3, 1);
  await ledger.completeStep([1, 2, 3]);
  expect([ledger.isComplete, ledger.nextStage]).toEqual([true, undefined]);
  await expect(ledger.beginStep(4, 1)).rejects.toMatchObject({ code: "too-many-steps" });
  const { entries, hash } = parseLedger(file.survivors(), schedule);
  expect(entries).toEqual([
    { step: 1, stage: 0, values: [1, 0] },
    { step: 2, stage: 0, lost: true },
    { step: 3, stage: 1, values: [1, 2, 3] },
  ]);
  expect(entries).toEqual(ledger.entries);
  expect(hash).toBe(ledger.hash);
});

test("two calls at the same time are refused, whichever comes second", async () => {
  const ledger = await openLedger(new MemoryLedgerFile(), plan, schedule);
  const results = await Promise.allSettled([ledger.beginStep(1, 0), ledger.beginStep(1, 0)]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
  const completed = await Promise.allSettled([ledger.completeStep([1, 2]), ledger.abandonStep()]);
  expect(completed.map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
});

test("After a failed write nothing more is written: the ledger must be opened again, which charges the step.", async () => {
  const file = new MemoryLedgerFile();
  let fails = false;
  const flaky: LedgerFile = {
    readAll: () => file.readAll(),
    append: (bytes) => file.append(bytes),
    sync: () => (fails ? Promise.reject(new Error("disk full")) : file.sync()),
    replace: (bytes) => file.replace(bytes),
  };
  const ledger = await openLedger(flaky, plan, schedule);
  await ledger.beginStep(1, 0);
  fails = true;
  await expect(ledger.completeStep([1, 2])).rejects.toThrow("disk full");
  fails = false;
  for (const call of [
    () => ledger.completeStep([1, 2]),
    () => ledger.abandonStep(),
    () => ledger.beginStep(1, 0),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: "write-failed" });
  }
  expect(ledger.entries).toEqual([]);
});

test("plans that JSON would not give back are refused before anything is written", async () => {
  const file = new MemoryLedgerFile();
  for (const bad of [
    { a: NaN },
    { a: -0 },
    { a: undefined },
    { a: new Date(0) },
    { a: () => 1 },
    { a: "x".repeat(2 ** 20) },
  ]) {
    await expect(openLedger(file, bad as never, schedule)).rejects.toMatchObject({ code: "bad-plan" });
  }
  expect(file.length).toBe(0);
});
