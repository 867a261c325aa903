import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  concatenate,
  encode,
  firstHash,
  headerBody,
  sealedLine,
  stepBody,
  type LedgerEntry,
} from "./format.js";
import { verifyLedger } from "./verify.js";

const script = join(import.meta.dirname, "../../examples/verify-ledger.mjs");
const folder = mkdtempSync(join(tmpdir(), "dpzo-ledger-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number | null;
  readonly valid: boolean;
  readonly line?: number;
}

function run(bytes: Uint8Array, ...more: string[]): Answer {
  const path = join(folder, "ledger.jsonl");
  writeFileSync(path, bytes);
  const { status, stdout } = spawnSync(process.execPath, [script, path, ...more], { encoding: "utf8" });
  return { status, ...(JSON.parse(stdout) as { valid: boolean; line?: number }) };
}

function ledger(bodies: readonly string[]): Uint8Array {
  let hash = firstHash;
  return concatenate(
    bodies.map((body) => {
      const line = sealedLine(hash, body);
      hash = line.hash;
      return line.bytes;
    }),
  );
}

const header = headerBody({ text: "é", rate: 2e-5 });
const steps: readonly LedgerEntry[] = [
  { step: 1, stage: 0, values: [-5, 0] },
  { step: 2, stage: 0, lost: true },
  { step: 3, stage: 1, values: [9] },
];
const good = ledger([header, ...steps.map(stepBody)]);

test("the independent verifier is short, and uses nothing but node:crypto and node:fs", () => {
  const source = readFileSync(script, "utf8");
  expect(source.split("\n").length).toBeLessThanOrEqual(100);
  const imports = [...source.matchAll(/from "([^"]+)"/g)].map((match) => match[1]);
  expect(imports).toEqual(["node:crypto", "node:fs"]);
  expect(source).not.toMatch(/import\(|require\(/);
});

test("it accepts what dpzo writes, and the last hash when it is the right one", () => {
  const verdict = verifyLedger(good);
  if (!verdict.valid) throw verdict.error;
  const { hash, released, lost } = verdict;
  expect(run(good)).toEqual({ status: 0, valid: true, steps: 3, released, lost, hash });
  expect(run(good, hash)).toMatchObject({ status: 0, valid: true });
  expect(run(good, "0".repeat(64))).toMatchObject({ status: 1, valid: false });
});

test("it refuses what dpzo refuses, at the same line", () => {
  const edited = good.slice();
  edited[good.indexOf(10) + 31] = 57;
  const [one, two, three] = steps.map(stepBody) as [string, string, string];
  const bad = [
    edited,
    new Uint8Array(),
    good.subarray(0, -1),
    good.subarray(0, 50),
    concatenate([good, encode("\n")]),
    ledger([header, one, three]),
    ledger([header, one, one]),
    ledger([header, two, one]),
    ledger([header, one, stepBody({ step: 2, stage: 0, values: [1] })]),
    ledger([header, one, two, three, stepBody({ step: 4, stage: 0, lost: true })]),
    ledger([header, '{"step":1,"stage":0,"values":[0.5]']),
    ledger([header, '{"step":1,"stage":0, "lost":true']),
    ledger(['{"format":"dpzo-ledger/2","plan":{}']),
    ledger([one]),
  ];
  for (const bytes of bad) {
    const verdict = verifyLedger(bytes);
    const expected = verdict.valid ? undefined : verdict.error.line;
    expect(expected).toBeDefined();
    expect(run(bytes)).toMatchObject({ status: 1, valid: false, line: expected });
  }
});
