import fc from "fast-check";
import { expect, test } from "vitest";
import type { LedgerErrorCode } from "./errors.js";
import { LedgerError } from "./errors.js";
import {
  concatenate,
  encode,
  firstHash,
  headerBody,
  lineHash,
  seal,
  sealedLine,
  stepBody,
  type LedgerEntry,
} from "./format.js";
import { parseLedger } from "./parse.js";
import type { LedgerSchedule } from "./schedule.js";

const plan = { method: "dp-zoso", stages: [{ steps: 2, learningRate: 2e-5 }], text: 'é ",\u0001' };
const schedule: LedgerSchedule = {
  stages: [
    { steps: 2, valueCount: 2 },
    { steps: 2, valueCount: 3 },
  ],
};
const entries: readonly LedgerEntry[] = [
  { step: 1, stage: 0, values: [-5, 0] },
  { step: 2, stage: 0, lost: true },
  { step: 3, stage: 1, values: [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 7] },
];

/** Lines chained with right hashes, whatever they say. */
function chain(bodies: readonly string[]): Uint8Array {
  let hash = firstHash;
  const lines = bodies.map((body) => {
    const line = sealedLine(hash, body);
    hash = line.hash;
    return line.bytes;
  });
  return concatenate(lines);
}

function ledgerOf(steps: readonly LedgerEntry[]): Uint8Array {
  return chain([headerBody(plan), ...steps.map(stepBody)]);
}

function errorOf(bytes: Uint8Array, withSchedule?: LedgerSchedule): LedgerError {
  try {
    parseLedger(bytes, withSchedule);
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error("the ledger was accepted");
}

const good = ledgerOf(entries);
const newlines = [...good.keys()].filter((i) => good[i] === 10);

test("the format is the documented one, byte for byte", () => {
  const header = '{"format":"dpzo-ledger/1","plan":{"a":1}';
  // printf '%064d%s' 0 '{"format":"dpzo-ledger/1","plan":{"a":1}' | sha256sum
  const headerHash = "3f663c8e48663af9f7c7fde9ed0d901f8ab4f8fa2869f4b459e8ef39f27bb297";
  const step = '{"step":1,"stage":0,"values":[-5,0]';
  const stepHash = "b4c794181cd222113f8c87addc9a8494d5106dbbddd24f0ca7223b4df1426837";
  const bytes = encode(`${header},"hash":"${headerHash}"}\n${step},"hash":"${stepHash}"}\n`);
  expect(ledgerOfPlan({ a: 1 }, [{ step: 1, stage: 0, values: [-5, 0] }])).toEqual(bytes);
  expect(parseLedger(bytes)).toEqual({
    plan: { a: 1 },
    entries: [{ step: 1, stage: 0, values: [-5, 0] }],
    hash: stepHash,
  });
});

function ledgerOfPlan(other: { a: number }, steps: readonly LedgerEntry[]): Uint8Array {
  return chain([headerBody(other), ...steps.map(stepBody)]);
}

test("There is one text for each content: what is accepted, serialised again, is the same bytes.", () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as never);
  const steps = fc.array(
    fc.option(fc.array(fc.maxSafeInteger(), { minLength: 3, maxLength: 3 }), { nil: undefined }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), steps, (anyPlan, list) => {
      const made = list.map((values, i): LedgerEntry => {
        const place = { step: i + 1, stage: Math.floor(i / 3) };
        return values === undefined ? { ...place, lost: true } : { ...place, values };
      });
      const plainPlan = JSON.parse(JSON.stringify(anyPlan)) as Record<string, never>;
      const bytes = chain([headerBody(plainPlan), ...made.map(stepBody)]);
      const parsed = parseLedger(bytes);
      expect(JSON.stringify(parsed.plan)).toBe(JSON.stringify(plainPlan));
      expect(chain([headerBody(parsed.plan), ...parsed.entries.map(stepBody)])).toEqual(bytes);
    }),
  );
});

test("A changed, missing or added byte anywhere is an error that names the line and a byte offset in it.", () => {
  const small = ledgerOf(entries.slice(0, 2));
  const ends = [...small.keys()].filter((i) => small[i] === 10);
  const check = (edited: Uint8Array, at: number): void => {
    const { line, offset } = errorOf(edited);
    const index = ends.findIndex((end) => at <= end);
    const lineOfEdit = (index < 0 ? ends.length : index) + 1;
    // An edit of a newline, or beside one, may show in the line after it.
    const touchesEnd = ends.some((end) => at === end || at === end + 1);
    expect(touchesEnd ? [lineOfEdit, lineOfEdit + 1] : [lineOfEdit]).toContain(line);
    const start = line! === 1 ? 0 : ends[line! - 2]! + 1;
    expect(offset).toBeGreaterThanOrEqual(start - 1);
    expect(offset).toBeLessThanOrEqual(edited.length);
  };
  // Every single-bit flip covers every kind of slip; the rest are bytes that mean something to the format.
  const flips = [1, 2, 4, 8, 16, 32, 64, 128];
  const meaningful = [...encode('\n0,"}')];
  for (let at = 0; at <= small.length; at++) {
    const before = small.subarray(0, at);
    const old = small[at];
    const inserts = [...meaningful, 0xff, ...(old === undefined ? [] : [old])];
    for (const byte of inserts) check(concatenate([before, Uint8Array.of(byte), small.subarray(at)]), at);
    if (old === undefined) continue;
    check(concatenate([before, small.subarray(at + 1)]), at);
    for (const byte of [...flips.map((flip) => old ^ flip), ...meaningful]) {
      if (byte !== old) check(concatenate([before, Uint8Array.of(byte), small.subarray(at + 1)]), at);
    }
  }
});

test("an edit with the hash of its own line recomputed shows in the next line", () => {
  const lines = [headerBody(plan), ...entries.map(stepBody)];
  const forged = sealedLine(
    lineHash(firstHash, encode(lines[0]!)),
    stepBody({ step: 1, stage: 0, values: [-6, 0] }),
  );
  const bytes = concatenate([
    good.subarray(0, newlines[0]! + 1),
    forged.bytes,
    good.subarray(newlines[1]! + 1),
  ]);
  expect(errorOf(bytes)).toMatchObject({ code: "bad-hash", line: 3 });
});

test("Lines that were swapped, dropped or doubled are errors, also when their hashes were recomputed.", () => {
  const [one, two, three] = entries as [LedgerEntry, LedgerEntry, LedgerEntry];
  const cases: readonly (readonly [readonly LedgerEntry[], LedgerErrorCode, number])[] = [
    [[two, one, three], "step-missing", 2],
    [[one, three, two], "step-missing", 3],
    [[one, three], "step-missing", 3],
    [[one, one, two, three], "step-repeated", 3],
    [[one, two, one], "step-order", 4],
    [[{ ...one, stage: 1 }, two, three], "stage-order", 3],
  ];
  const lines = newlines.map((end, i) => good.subarray(i === 0 ? 0 : newlines[i - 1]! + 1, end + 1));
  for (const [steps, code, line] of cases) {
    expect(errorOf(ledgerOf(steps))).toMatchObject({ code, line });
  }
  // Without new hashes: real lines, moved as they are.
  for (const order of [
    [0, 2, 1, 3],
    [0, 1, 3],
    [0, 1, 1, 2, 3],
    [1, 2, 3],
    [0, 0, 1, 2, 3],
  ]) {
    expect(errorOf(concatenate(order.map((i) => lines[i]!))).line).toBeGreaterThan(0);
  }
});

test("the schedule fixes the stage, K and the number of steps", () => {
  expect(parseLedger(good, schedule).entries).toEqual(entries);
  const [one, two, three] = entries as [LedgerEntry, LedgerEntry, LedgerEntry];
  const last: LedgerEntry = { step: 4, stage: 1, lost: true };
  const cases: readonly (readonly [readonly LedgerEntry[], LedgerErrorCode, number])[] = [
    [[{ ...one, stage: 1 }], "stage-order", 2],
    [[one, two, { ...three, stage: 0 }], "stage-order", 4],
    [[{ step: 1, stage: 0, values: [1, 2, 3] }], "wrong-directions", 2],
    [[one, two, { step: 3, stage: 1, values: [1] }], "wrong-directions", 4],
    [[one, two, three, last, { step: 5, stage: 1, lost: true }], "too-many-steps", 6],
  ];
  for (const [steps, code, line] of cases) {
    expect(errorOf(ledgerOf(steps), schedule)).toMatchObject({ code, line });
  }
  expect(errorOf(ledgerOf([one, { step: 2, stage: 0, values: [1] }]))).toMatchObject({
    code: "wrong-directions",
  });
  expect(() => parseLedger(good, { stages: [] })).toThrow(expect.objectContaining({ code: "bad-schedule" }));
});

test("every malformed line has its own code, with right hashes", () => {
  const header = headerBody(plan);
  const cases: readonly (readonly [readonly string[], LedgerErrorCode, number])[] = [
    [['{"format":"dpzo-ledger/2","plan":{}'], "unknown-format", 1],
    [['{"format":1,"plan":{}'], "bad-header", 1],
    [['{"format":"dpzo-ledger/1","plan":[]'], "bad-header", 1],
    [['{"format":"dpzo-ledger/1","plan":{},"more":1'], "bad-header", 1],
    [['{"plan":{},"format":"dpzo-ledger/1"'], "bad-header", 1],
    [[stepBody(entries[0]!)], "bad-header", 1],
    [["[1"], "not-json", 1],
    [[header, '{"step":1,"stage":0,"values":[1,]'], "not-json", 2],
    [[header, '{"step":1,"stage":0, "values":[1]'], "not-canonical", 2],
    [[header, '{"step":1.0,"stage":0,"values":[1]'], "not-canonical", 2],
    [[header, '{"step":1,"stage":0,"values":[-0]'], "not-canonical", 2],
    [[header, '{"step":1,"stage":0,"values":[1e400]'], "not-canonical", 2],
    [[header, '{"step":1,"stage":0,"values":[9007199254740993]'], "not-canonical", 2],
    [[header, '{"step":1,"step":1,"stage":0,"values":[1]'], "not-canonical", 2],
    [[header, '\ufeff{"step":1,"stage":0,"values":[1]'], "not-json", 2],
    [[header, '{"stage":0,"step":1,"values":[1]'], "bad-entry", 2],
    [[header, '{"step":1,"stage":0,"values":[0.5]'], "bad-entry", 2],
    [[header, '{"step":1,"stage":0,"values":[9007199254740992]'], "bad-entry", 2],
    [[header, '{"step":1,"stage":0,"values":[]'], "bad-entry", 2],
    [[header, `{"step":1,"stage":0,"values":[${"1,".repeat(4096)}1]`], "bad-entry", 2],
    [[header, '{"step":1,"stage":0,"lost":false'], "bad-entry", 2],
    [[header, '{"step":1,"stage":0,"lost":true,"values":[1]'], "bad-entry", 2],
    [[header, '{"step":1,"stage":-1,"lost":true'], "bad-entry", 2],
    [[header, '{"step":1,"stage":1000,"lost":true'], "bad-entry", 2],
    [[header, '{"step":1000001,"stage":0,"lost":true'], "bad-entry", 2],
    [[header, '{"step":1,"stage":0'], "bad-entry", 2],
    [[header, "null"], "not-json", 2],
    [[header, "[1,2"], "not-json", 2],
    [[header, `{"step":1,"stage":0,"values":[${"1".repeat(80_000)}]`], "line-too-long", 2],
    [[`{"format":"dpzo-ledger/1","plan":{"a":"${"x".repeat(2 ** 20)}"}`], "line-too-long", 1],
    [[`{"format":"dpzo-ledger/1","plan":{"a":${"[".repeat(40)}${"]".repeat(40)}}`], "not-canonical", 1],
    [
      [`{"format":"dpzo-ledger/1","plan":{"a":${"[".repeat(2 ** 18)}${"]".repeat(2 ** 18)}}`],
      "not-canonical",
      1,
    ],
  ];
  for (const [bodies, code, line] of cases) {
    expect(errorOf(chain(bodies)), bodies.at(-1)!.slice(0, 80)).toMatchObject({ code, line });
  }
});

test("a line that is not UTF-8 is refused, with a right hash", () => {
  const body = concatenate([
    encode('{"format":"dpzo-ledger/1","plan":{"a":"'),
    Uint8Array.of(0xc3, 0x28),
    encode('"}'),
  ]);
  const bytes = concatenate([body, encode(seal(lineHash(firstHash, body)))]);
  expect(errorOf(bytes)).toMatchObject({ code: "not-utf8", line: 1, offset: 0 });
});

test("A torn tail is an error here; only opening a ledger for writing repairs it.", () => {
  for (let length = 1; length < good.length; length++) {
    const cut = good.subarray(0, length);
    const whole = newlines.filter((end) => end < length).length;
    if (newlines.includes(length - 1)) {
      expect(parseLedger(cut, schedule).entries).toHaveLength(whole - 1);
    } else {
      const code = whole === 0 ? "torn-header" : "torn-tail";
      expect(errorOf(cut, schedule)).toMatchObject({ code, line: whole + 1 });
    }
  }
  expect(errorOf(new Uint8Array())).toMatchObject({ code: "empty", line: 1, offset: 0 });
});

test("the offset of a departure from the canonical text is where it departs", () => {
  const body = '{"step":1,"stage":0, "values":[1]';
  const bytes = chain([headerBody(plan), body]);
  const lineStart = bytes.indexOf(10) + 1;
  expect(errorOf(bytes)).toMatchObject({ code: "not-canonical", offset: lineStart + body.indexOf(" ") });
  // In bytes, not in characters: the plan before it holds a two-byte letter.
  const header = '{"format":"dpzo-ledger/1","plan":{"é":1.0}';
  expect(errorOf(chain([header]))).toMatchObject({
    offset: encode('{"format":"dpzo-ledger/1","plan":{"é":1').length,
  });
});

test("random edits of any kind are noticed", () => {
  fc.assert(
    fc.property(
      fc.nat(good.length),
      fc.nat(20),
      fc.uint8Array({ maxLength: 20 }),
      (at, removed, inserted) => {
        const edited = concatenate([good.subarray(0, at), inserted, good.subarray(at + removed)]);
        const isSame = edited.length === good.length && edited.every((byte, i) => byte === good[i]);
        // Cutting whole lines off the end leaves a shorter ledger that is valid by itself.
        const isPrefix =
          edited.length < good.length &&
          newlines.includes(edited.length - 1) &&
          edited.every((byte, i) => byte === good[i]);
        fc.pre(!isSame && !isPrefix);
        const { line, offset } = errorOf(edited);
        expect(line).toBeGreaterThan(0);
        expect(offset).toBeLessThanOrEqual(edited.length);
      },
    ),
    { numRuns: 1000 },
  );
});
