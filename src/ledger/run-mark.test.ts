import fc from "fast-check";
import { expect, test } from "vitest";

import { LedgerError } from "./errors.js";
import { encode } from "./format.js";
import { MemoryMarks, MemoryMarkStore } from "./mark-store.js";
import { MemoryLedgerFile, SimulatedCrash } from "./memory-file.js";
import { openLedger, type OpenOptions } from "./open.js";
import { parseLedger } from "./parse.js";
import { plannedSteps, type LedgerSchedule } from "./schedule.js";

const plan = { run: "marks" };
const schedule: LedgerSchedule = {
  stages: [
    { steps: 3, valueCount: 1 },
    { steps: 2, valueCount: 2 },
  ],
};
const planned = plannedSteps(schedule);

/** How often each step was released, over all copies of a run. */
type Releases = Map<number, number>;

/** One life of a training process: goes on for some steps, or until it crashes; says whether it came through. */
async function live(
  file: MemoryLedgerFile,
  releases: Releases,
  options: OpenOptions,
  most = Infinity,
): Promise<boolean> {
  try {
    const ledger = await openLedger(file, plan, schedule, options);
    for (let done = 0; done < most && !ledger.isComplete; done++) {
      const step = ledger.nextStep;
      const stage = ledger.nextStage!;
      await ledger.beginStep(step, stage);
      const count = (releases.get(step) ?? 0) + 1;
      releases.set(step, count);
      // Other values for each release, so that copies go apart.
      const values = Array.from({ length: schedule.stages[stage]!.valueCount }, (_, k) => 100 * count + k);
      await ledger.completeStep(values);
    }
    await ledger.readBack();
    return true;
  } catch (error) {
    if (error instanceof SimulatedCrash) return false;
    throw error;
  }
}

/** A machine whose marks can crash, and the store of one of its folders. */
function machine(newFile: () => MemoryLedgerFile = () => new MemoryLedgerFile()) {
  const marks = new MemoryMarks();
  return {
    marks,
    at: (folder: string) => ({ marks: new MemoryMarkStore(folder, marks, newFile) }),
    /** A process that ended has given everything back. */
    end: () => {
      marks.taken.clear();
    },
  };
}

function mostReleases(releases: Releases): number {
  return Math.max(0, ...releases.values());
}

/** The first lines of a ledger: the header, and so many steps. */
function firstSteps(bytes: Uint8Array, steps: number): Uint8Array {
  const lines = new TextDecoder().decode(bytes).split("\n");
  return encode(lines.slice(0, steps + 1).join("\n") + "\n");
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "went on",
    (error: unknown) => (error instanceof LedgerError ? error.code : String(error)),
  );
}

test("a crash after any byte of ledger or mark, whatever was not synced: the same run goes on, no step twice", async () => {
  let cases = 0;
  for (const crashing of ["ledger", "mark"] as const) {
    let isDone = false;
    for (let crashAfter = 0; !isDone; crashAfter++) {
      const budget = { [crashing]: { crashAfter } };
      const file = new MemoryLedgerFile(budget["ledger"]);
      const before = machine(() => new MemoryLedgerFile(budget["mark"]));
      const released: Releases = new Map();
      isDone = await live(file, released, before.at("run"));
      const markFiles = [...before.marks.files] as [string, MemoryLedgerFile][];
      for (const [ledgerKept, markKept] of [
        [0, 0],
        [0, Infinity],
        [Infinity, 0],
        [Infinity, Infinity],
      ] as const) {
        const after = machine();
        for (const [name, mark] of markFiles) {
          after.marks.files.set(
            name,
            new MemoryLedgerFile({ bytes: mark.survivors(mark.syncedLength + markKept) }),
          );
        }
        const releases = new Map(released);
        const resumed = new MemoryLedgerFile({ bytes: file.survivors(file.syncedLength + ledgerKept) });
        expect(await live(resumed, releases, after.at("run")), `${crashing} at ${crashAfter}`).toBe(true);
        expect(mostReleases(releases)).toBe(1);
        const { entries } = parseLedger(resumed.survivors(), schedule);
        expect(entries).toHaveLength(planned);
        expect(entries.filter(({ lost }) => lost === true).length).toBeLessThanOrEqual(1);
        cases += 1;
      }
    }
  }
  expect(cases).toBeGreaterThan(3000);
});

test("a ledger cut to any earlier line is refused, naming both hashes; charged, it goes on, and nothing is released twice", async () => {
  for (let done = 1; done <= planned; done++) {
    for (let left = 0; left < done; left++) {
      const { at, end } = machine();
      const releases: Releases = new Map();
      const file = new MemoryLedgerFile();
      await live(file, releases, at("run"), done);
      end();
      const whole = parseLedger(file.survivors(), schedule);
      const cut = firstSteps(file.survivors(), left);
      const shortened = new MemoryLedgerFile({ bytes: cut });
      const error = await openLedger(shortened, plan, schedule, at("run")).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "ledger-behind" });
      for (const hash of [whole.hash, parseLedger(cut, schedule).hash]) {
        expect((error as Error).message).toContain(hash);
      }
      expect(shortened.survivors()).toEqual(cut);
      end();
      await live(shortened, releases, { ...at("run"), chargeLostSteps: true });
      expect(mostReleases(releases)).toBe(1);
      const { entries } = parseLedger(shortened.survivors(), schedule);
      expect(entries.map(({ lost }) => lost === true)).toEqual(
        Array.from({ length: planned }, (_, i) => i >= left && i < done),
      );
    }
  }
});

test("a ledger cut inside a line that was complete is refused too: its release was seen", async () => {
  const { at, end } = machine();
  const file = new MemoryLedgerFile();
  await live(file, new Map(), at("run"), 2);
  end();
  const bytes = file.survivors();
  for (let length = firstSteps(bytes, 1).length; length < bytes.length; length++) {
    const cut = new MemoryLedgerFile({ bytes: bytes.subarray(0, length) });
    expect(await codeOf(openLedger(cut, plan, schedule, at("run"))), `${length}`).toBe("ledger-behind");
  }
  const cut = new MemoryLedgerFile({ bytes: bytes.subarray(0, bytes.length - 1) });
  const { entries, chargedSteps } = await openLedger(cut, plan, schedule, {
    ...at("run"),
    chargeLostSteps: true,
  }).then((ledger) => ({ entries: ledger.entries, ...ledger.opening }));
  expect(entries[1]).toEqual({ step: 2, stage: 0, lost: true });
  expect(chargedSteps).toBe(0);
});

test("of a copy that stayed behind: refused, also in another folder; the one that went on is not in its way", async () => {
  const { at, end } = machine();
  const releases: Releases = new Map();
  const first = new MemoryLedgerFile();
  await live(first, releases, at("a"), 2);
  end();
  const copy = new MemoryLedgerFile({ bytes: first.survivors() });
  await live(copy, releases, at("b"), 2);
  end();
  expect(await codeOf(openLedger(first, plan, schedule, at("a")))).toBe("ledger-behind");
  end();
  await live(first, releases, { ...at("a"), chargeLostSteps: true }, 1);
  end();
  // Now the copy is behind; what it holds was released once and is known.
  expect(await codeOf(openLedger(copy, plan, schedule, at("b")))).toBe("ledger-behind");
  end();
  await live(copy, releases, { ...at("b"), chargeLostSteps: true });
  expect(mostReleases(releases)).toBe(1);
});

test("two copies side by side: the second is refused while the first one lives", async () => {
  for (const isSeen of [true, false]) {
    const { at, end, marks } = machine();
    const first = new MemoryLedgerFile();
    await live(first, new Map(), at("a"), 1);
    end();
    // Also where this machine sees the run for the first time, in two copies at once.
    if (!isSeen) marks.files.clear();
    await openLedger(first, plan, schedule, at("a"));
    const copy = new MemoryLedgerFile({ bytes: first.survivors() });
    await expect(openLedger(copy, plan, schedule, at("b"))).rejects.toThrow("is taken");
  }
});

test("copies that both released a step elsewhere cannot be made one again: refused, charged or not", async () => {
  const [here, there] = [machine(), machine()];
  const first = new MemoryLedgerFile();
  await live(first, new Map(), here.at("a"), 1);
  const moved = new MemoryLedgerFile({ bytes: first.survivors() });
  here.end();
  await live(first, new Map([[2, 5]]), here.at("a"), 1);
  here.end();
  await live(moved, new Map(), there.at("a"), 3);
  for (const chargeLostSteps of [false, true]) {
    here.end();
    const opened = openLedger(moved, plan, schedule, { ...here.at("a"), chargeLostSteps });
    expect(await codeOf(opened)).toBe("ledger-forked");
  }
});

test("a run that went on on another machine comes back, and its new lines are known from then on", async () => {
  const [here, there] = [machine(), machine()];
  const releases: Releases = new Map();
  const file = new MemoryLedgerFile();
  await live(file, releases, here.at("a"), 1);
  const opened = await openLedger(file, plan, schedule, there.at("b"));
  expect(opened.opening).toEqual({ lostStep: undefined, chargedSteps: 0, isNewHere: true });
  there.end();
  await live(file, releases, there.at("b"), 2);
  here.end();
  await live(file, releases, here.at("a"), 1);
  here.end();
  const earlier = new MemoryLedgerFile({ bytes: firstSteps(file.survivors(), 2) });
  expect(await codeOf(openLedger(earlier, plan, schedule, here.at("a")))).toBe("ledger-behind");
  expect(mostReleases(releases)).toBe(1);
});

test("a folder whose ledger is gone is refused, also to another plan; a new folder, or no step begun, is not", async () => {
  const { at, end } = machine();
  const begin = (folder: string, given: object): Promise<string> => {
    end();
    return codeOf(openLedger(new MemoryLedgerFile(), { ...given }, schedule, at(folder)));
  };
  expect(await begin("a", plan)).toBe("went on");
  expect(await begin("a", { run: "another, before a step was begun" })).toBe("went on");
  end();
  const file = new MemoryLedgerFile();
  await live(file, new Map(), at("a"), 2);
  expect(await begin("a", { run: "another" })).toBe("ledger-gone");
  expect(await begin("a", plan)).toBe("ledger-behind");
  expect(await begin("b", plan)).toBe("went on");
  expect(await begin("b", { run: "another" })).toBe("went on");
});

test("two runs of one plan and seed have marks of their own", async () => {
  const { at, end, marks } = machine();
  const [a, b] = [new MemoryLedgerFile(), new MemoryLedgerFile()];
  await live(a, new Map(), at("a"), 4);
  end();
  await live(b, new Map([[1, 7]]), at("b"), 1);
  end();
  await live(b, new Map([[2, 7]]), at("b"), 1);
  end();
  expect(marks.files.size).toBe(2);
  expect(await codeOf(openLedger(a, plan, schedule, at("a")))).toBe("went on");
});

test("a mark that is not what dpzo writes is an error with its name, before anything is written", async () => {
  for (const spoil of [
    (text: string) => text.replace("dpzo-mark/1", "dpzo-mark/2"),
    (text: string) => text.replace('{"begun":1}', '{"begun":0}'),
    (text: string) => text.replace('{"begun":1}', '{"begun":1000001}'),
    (text: string) => text.replace('{"begun":1}', '{"begun": 1}'),
    (text: string) => text.replace('"step":1', '"step":1.0'),
    (text: string) => `${text}\n\n`,
  ]) {
    const { at, end, marks } = machine();
    const file = new MemoryLedgerFile();
    await live(file, new Map(), at("a"), 2);
    end();
    const [name, mark] = [...marks.files][0]!;
    const text = new TextDecoder().decode(await mark.readAll());
    expect(spoil(text)).not.toBe(text);
    marks.files.set(name, new MemoryLedgerFile({ bytes: encode(spoil(text)) }));
    const before = file.survivors();
    await expect(openLedger(file, plan, schedule, at("a"))).rejects.toMatchObject({
      code: "mark-damaged",
      value: name,
    });
    expect(file.survivors()).toEqual(before);
  }
});

test("any sequence of runs, crashes, copies, cuts and charges: a step is released at most once in all folders together", async () => {
  const folders = ["a", "b", "c"] as const;
  const folder = fc.constantFrom(...folders);
  const action = fc.oneof(
    fc.record({
      kind: fc.constant("run" as const),
      folder,
      most: fc.nat(3),
      charges: fc.boolean(),
      crash: fc.nat(900),
    }),
    fc.record({ kind: fc.constant("copy" as const), folder, to: folder }),
    fc.record({ kind: fc.constant("cut" as const), folder, steps: fc.nat(planned) }),
  );
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
      const { at, end } = machine();
      const releases: Releases = new Map();
      const disks = new Map<string, Uint8Array>();
      const start = new MemoryLedgerFile();
      await live(start, releases, at("a"), 1);
      disks.set("a", start.survivors());
      for (const act of actions) {
        end();
        const bytes = disks.get(act.folder);
        if (bytes === undefined) continue;
        if (act.kind === "copy") disks.set(act.to, bytes);
        // Below one step a copy in a new folder is a run of its own.
        else if (act.kind === "cut")
          disks.set(act.folder, firstSteps(bytes, Math.max(1, act.steps)).subarray(0, bytes.length));
        else {
          const file = new MemoryLedgerFile({ bytes, crashAfter: act.crash > 600 ? Infinity : act.crash });
          const options = { ...at(act.folder), chargeLostSteps: act.charges };
          seen.add(await codeOf(live(file, releases, options, act.most)));
          disks.set(act.folder, file.survivors());
        }
      }
      expect(mostReleases(releases)).toBe(1);
    }),
    { numRuns: 2000 },
  );
  expect([...seen].sort()).toEqual(["ledger-behind", "went on"]);
}, 120_000);
