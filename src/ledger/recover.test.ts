import { expect, test } from "vitest";
import { openLedger } from "./open.js";
import { encode, concatenate, firstHash, headerBody, sealedLine, stepBody } from "./format.js";
import { MemoryLedgerFile } from "./memory-file.js";
import { parseLedger } from "./parse.js";
import { recoverLedger } from "./recover.js";
import type { LedgerSchedule } from "./schedule.js";

const plan = { run: "recover é" };
const schedule: LedgerSchedule = { stages: [{ steps: 2, valueCount: 2 }] };
const header = sealedLine(firstHash, headerBody(plan));
const one = sealedLine(header.hash, stepBody({ step: 1, stage: 0, values: [-12, 34] }));
const two = sealedLine(one.hash, stepBody({ step: 2, stage: 0, values: [5, 6] }));
const withTail = (tail: string): Uint8Array => concatenate([header.bytes, encode(tail)]);

test("A tail that is the beginning of the next step's line charges that step as lost: it is never done again.", () => {
  for (let length = 1; length < one.bytes.length; length++) {
    const recovery = recoverLedger(concatenate([header.bytes, one.bytes.subarray(0, length)]), schedule);
    expect(recovery.lostStep).toBe(1);
    expect(recovery.ledger?.entries).toEqual([{ step: 1, stage: 0, lost: true }]);
  }
  const whole = recoverLedger(concatenate([header.bytes, one.bytes]), schedule);
  expect(whole).toMatchObject({ lostStep: undefined, replacement: undefined });
  expect(whole.ledger?.entries).toHaveLength(1);
});

test("a charge that was itself torn is charged again, to the same bytes", () => {
  const lost = sealedLine(header.hash, stepBody({ step: 1, stage: 0, lost: true }));
  for (let length = 1; length < lost.bytes.length; length++) {
    const { replacement } = recoverLedger(
      concatenate([header.bytes, lost.bytes.subarray(0, length)]),
      schedule,
    );
    expect(replacement).toEqual(concatenate([header.bytes, lost.bytes]));
  }
});

test("The charge and the end of the tail are one replacement, so a crash cannot part them.", async () => {
  const torn = concatenate([header.bytes, one.bytes.subarray(0, 40)]);
  const { replacement, ledger } = recoverLedger(torn, schedule);
  expect(parseLedger(replacement!, schedule)).toEqual(ledger);
  for (let crashAfter = 0; crashAfter <= replacement!.length; crashAfter++) {
    const file = new MemoryLedgerFile({ bytes: torn, crashAfter });
    await expect(openLedger(file, plan, schedule)).rejects.toThrow("crashed");
    expect(file.survivors()).toEqual(torn);
  }
  const file = new MemoryLedgerFile({ bytes: torn, crashAfter: replacement!.length + 1 });
  await openLedger(file, plan, schedule);
  expect(file.survivors()).toEqual(replacement);
});

test("A header that is the beginning of one, with nothing else, means that no step was begun: start again.", async () => {
  for (let length = 0; length < header.bytes.length; length++) {
    const bytes = header.bytes.subarray(0, length);
    expect(recoverLedger(bytes, schedule).ledger).toBeUndefined();
    const file = new MemoryLedgerFile({ bytes });
    const ledger = await openLedger(file, plan, schedule);
    expect([ledger.nextStep, ledger.lostStep]).toEqual([1, undefined]);
    expect(file.survivors()).toEqual(header.bytes);
  }
});

test("Anything else that does not end with a newline is an error; nothing is repaired by guessing.", async () => {
  const tails = [
    " ",
    "x",
    "\0x",
    '{"step":2,"stage":0,',
    '{"step":1,"stage":1,',
    '{"step":1,"stage":0,x',
    '{"step":1,"stage":0,"lost":f',
    '{"step":1,"stage":0,"values":[01',
    '{"step":1,"stage":0,"values":[-0,',
    '{"step":1,"stage":0,"values":[--',
    '{"step":1,"stage":0,"values":[,',
    '{"step":1,"stage":0,"values":[1.',
    '{"step":1,"stage":0,"values":[1,2,',
    '{"step":1,"stage":0,"values":[1]',
    '{"step":1,"stage":0,"values":[12345678901234567,',
    '{"step":1,"stage":0,"values":[1,2],"hash":"zz',
    `{"step":1,"stage":0,"values":[1,2],"hash":"${"0".repeat(64)}"}`,
    `{"step":1,"stage":0,"values":[1,${"2".repeat(1000)}`,
  ];
  for (const tail of tails) {
    const bytes = withTail(tail);
    const place = { code: "torn-tail", line: 2, offset: header.bytes.length };
    expect(() => recoverLedger(bytes, schedule), tail).toThrow(expect.objectContaining(place));
    const file = new MemoryLedgerFile({ bytes });
    await expect(openLedger(file, plan, schedule)).rejects.toMatchObject({ code: "torn-tail" });
    expect(file.survivors()).toEqual(bytes);
  }
  for (const text of ["x", "{}", '{"format":"dpzo-ledger/2"', '\ufeff{"format"']) {
    expect(() => recoverLedger(encode(text), schedule)).toThrow(
      expect.objectContaining({ code: "torn-header" }),
    );
  }
});

test("a tail after the last planned step is an error", () => {
  const full = concatenate([header.bytes, one.bytes, two.bytes, encode('{"step":3,')]);
  expect(() => recoverLedger(full, schedule)).toThrow(
    expect.objectContaining({ code: "torn-tail", line: 4 }),
  );
});

test("a bad whole line is never repaired, whatever the tail is", () => {
  const bytes = concatenate([header.bytes, one.bytes, one.bytes.subarray(0, 30)]);
  bytes[header.bytes.length + 30] = 57;
  expect(() => recoverLedger(bytes, schedule)).toThrow(expect.objectContaining({ line: 2 }));
});
