import fc from "fast-check";
import { expect, test } from "vitest";
import { openLedger } from "./open.js";
import { MemoryLedgerFile, SimulatedCrash } from "./memory-file.js";
import { parseLedger } from "./parse.js";
import { plannedSteps, type LedgerSchedule } from "./schedule.js";

const plan = { run: "crash" };
const schedule: LedgerSchedule = {
  stages: [
    { steps: 2, valueCount: 1 },
    { steps: 2, valueCount: 3 },
  ],
};

/** What the world outside the disk has seen, over all the lives of a run. */
interface World {
  /** How often noise was drawn, by step. */
  readonly draws: Map<number, number>;
  /** What was applied or shown, by step. */
  readonly shown: Map<number, readonly number[]>;
}

/** One life of a training process: opens the ledger and goes on until all is done or it crashes. */
async function live(file: MemoryLedgerFile, world: World): Promise<boolean> {
  try {
    const ledger = await openLedger(file, plan, schedule);
    // Replay shows what was read.
    for (const { step, values } of ledger.entries) {
      if (values !== undefined && !world.shown.has(step)) world.shown.set(step, values);
    }
    while (!ledger.isComplete) {
      const step = ledger.nextStep;
      const stage = ledger.nextStage!;
      await ledger.beginStep(step, stage);
      const drawn = (world.draws.get(step) ?? 0) + 1;
      world.draws.set(step, drawn);
      // Would differ if a step were drawn again, so that a second release of it could not go unseen.
      const values = Array.from(
        { length: schedule.stages[stage]!.valueCount },
        (_, k) => -step * 1000 * drawn + k,
      );
      const entry = await ledger.completeStep(values);
      if (world.shown.has(step)) throw new Error(`step ${step} was shown twice`);
      world.shown.set(step, entry.values!);
    }
    return true;
  } catch (error) {
    if (error instanceof SimulatedCrash) return false;
    throw error;
  }
}

function check(bytes: Uint8Array, world: World, crashes: number): void {
  const { entries } = parseLedger(bytes, schedule);
  const planned = plannedSteps(schedule);
  const lost = entries.filter((entry) => entry.lost === true);
  const problems: string[] = [];
  if (entries.length !== planned) problems.push(`${entries.length} steps of ${planned} charged`);
  if (lost.length > crashes) problems.push(`${lost.length} steps lost in ${crashes} crashes`);
  for (const [step, count] of world.draws) {
    if (count > 1) problems.push(`noise for step ${step} drawn ${count} times`);
  }
  for (const [step, values] of world.shown) {
    if (entries[step - 1]?.values?.join() !== values.join())
      problems.push(`step ${step} changed after it was shown`);
  }
  for (const entry of entries) {
    if (entry.lost !== true && !world.draws.has(entry.step)) problems.push(`step ${entry.step} from nowhere`);
  }
  expect(problems).toEqual([]);
}

function newWorld(): World {
  return { draws: new Map(), shown: new Map() };
}

function copy(world: World): World {
  return { draws: new Map(world.draws), shown: new Map(world.shown) };
}

test("a run without a crash charges nothing as lost", async () => {
  const file = new MemoryLedgerFile();
  const world = newWorld();
  expect(await live(file, world)).toBe(true);
  check(file.survivors(), world, 0);
  expect([...world.shown.keys()]).toEqual([1, 2, 3, 4]);
});

test("for a crash after every byte, with all, half or none of what was not synced: resumed runs hold all promises", async () => {
  let isDone = false;
  let cases = 0;
  for (let crashAfter = 0; !isDone; crashAfter++) {
    const file = new MemoryLedgerFile({ crashAfter });
    const before = newWorld();
    isDone = await live(file, before);
    const unsynced = file.length - file.syncedLength;
    // A crash at an earlier byte leaves the same disk as this one with fewer bytes, so three amounts are enough.
    for (const kept of new Set([0, Math.floor(unsynced / 2), unsynced])) {
      const world = copy(before);
      const resumed = new MemoryLedgerFile({ bytes: file.survivors(file.syncedLength + kept) });
      expect(await live(resumed, world)).toBe(true);
      check(resumed.survivors(), world, 1);
      cases += 1;
    }
  }
  expect(cases).toBeGreaterThan(1000);
});

test("for a kill after every byte, and a power cut soon after the resume: what replay showed stays", async () => {
  let isDone = false;
  for (let crashAfter = 0; !isDone; crashAfter++) {
    const killed = new MemoryLedgerFile({ crashAfter });
    const before = newWorld();
    isDone = await live(killed, before);
    const left = { bytes: killed.survivors(), syncedLength: killed.syncedLength };
    for (const more of [0, left.bytes.length + 1, left.bytes.length + 20]) {
      const world = copy(before);
      const cut = new MemoryLedgerFile({ ...left, crashAfter: more });
      await live(cut, world);
      const last = new MemoryLedgerFile({ bytes: cut.survivors(0) });
      expect(await live(last, world)).toBe(true);
      check(last.survivors(), world, 2);
    }
  }
});

test("zero bytes where a crash kept data from the disk count as not written", async () => {
  const file = new MemoryLedgerFile();
  const ledger = await openLedger(file, plan, schedule);
  for (const [written, zeros] of [
    [0, 40],
    [10, 40],
    [20, 0],
    [20, 1],
    [35, 60],
  ] as const) {
    const line = new TextEncoder().encode('{"step":1,"stage":0,"values":[-123456]'.slice(0, written));
    const bytes = Uint8Array.from([...file.survivors(), ...line, ...new Uint8Array(zeros)]);
    if (written + zeros === 0) continue;
    const resumed = await openLedger(new MemoryLedgerFile({ bytes }), plan, schedule);
    expect(resumed.lostStep).toBe(1);
  }
  expect(ledger.nextStep).toBe(1);
});

test("any number of crashes at random moments, also while recovering: resumed runs hold all promises", async () => {
  // A kill keeps what was written without making it durable; a power cut then takes some of it away.
  const crash = fc.record({
    after: fc.nat(2000),
    isPowerCut: fc.boolean(),
    unsynced: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(crash, { maxLength: 8 }), async (crashes) => {
      const world = newWorld();
      let disk: { bytes: Uint8Array; syncedLength: number } = { bytes: new Uint8Array(), syncedLength: 0 };
      let happened = 0;
      for (const { after, isPowerCut, unsynced } of [
        ...crashes,
        { after: Infinity, isPowerCut: true, unsynced: 1 },
      ]) {
        const file = new MemoryLedgerFile({ ...disk, crashAfter: after });
        const isDone = await live(file, world);
        const kept = Math.round(unsynced * (file.length - file.syncedLength));
        const bytes = file.survivors(isPowerCut ? file.syncedLength + kept : file.length);
        disk = { bytes, syncedLength: isPowerCut ? bytes.length : file.syncedLength };
        if (isDone) break;
        happened += 1;
      }
      check(disk.bytes, world, happened);
    }),
    { numRuns: 1000 },
  );
});
