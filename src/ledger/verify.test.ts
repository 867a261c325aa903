import { expect, test } from "vitest";
import { concatenate, encode, firstHash, headerBody, sealedLine, stepBody } from "./format.js";
import { readLedgerPlan, verifyLedger } from "./verify.js";

const plan = { run: "verify" };
const header = sealedLine(firstHash, headerBody(plan));
const one = sealedLine(header.hash, stepBody({ step: 1, stage: 0, values: [1] }));
const two = sealedLine(one.hash, stepBody({ step: 2, stage: 0, lost: true }));
const bytes = concatenate([header.bytes, one.bytes, two.bytes]);

test("a good ledger's verdict counts what was charged, and states the last hash", () => {
  expect(verifyLedger(bytes)).toEqual({ valid: true, plan, steps: 2, released: 1, lost: 1, hash: two.hash });
});

test("a bad ledger's verdict holds the error; a caller's mistake is thrown", () => {
  const edited = bytes.slice();
  edited[header.bytes.length + 30] = 57;
  const verdict = verifyLedger(edited);
  expect(verdict).toMatchObject({ valid: false, error: { line: 2, offset: header.bytes.length } });
  expect(() => verifyLedger(bytes, { stages: [] })).toThrow(
    expect.objectContaining({ code: "bad-schedule" }),
  );
});

test("the plan can be read before the steps are, and from a torn ledger", () => {
  expect(readLedgerPlan(bytes)).toEqual(plan);
  expect(readLedgerPlan(concatenate([bytes, encode('{"step":3')]))).toEqual(plan);
  expect(readLedgerPlan(new Uint8Array())).toBeUndefined();
  expect(readLedgerPlan(header.bytes.subarray(0, 50))).toBeUndefined();
  const edited = bytes.slice();
  edited[40] = 57;
  expect(() => readLedgerPlan(edited)).toThrow(expect.objectContaining({ line: 1 }));
  expect(() => readLedgerPlan(new Uint8Array(2 ** 20 + 1).fill(32))).toThrow();
});
