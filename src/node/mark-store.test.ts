import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { MemoryLedgerFile, openLedger } from "../ledger/index.js";
import { nodeLedgerFile, nodeMarkStore, stateFolder } from "./index.js";
import { lockName } from "./lock-name.js";
import { ownIdentity } from "./process-identity.js";

const plan = { run: "marks on disk" };
const schedule = { stages: [{ steps: 5, valueCount: 1 }] };

let folder = "";
let state = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dpzo-marks-"));
  state = join(folder, "state");
  await mkdir(join(folder, "a"));
  await mkdir(join(folder, "b"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One process's visit to the run in a folder: some steps, then everything is given back. */
async function visit(name: string, steps: number, file = nodeLedgerFile(join(folder, name, "ledger.jsonl"))) {
  const marks = await nodeMarkStore(join(folder, name), state);
  try {
    const ledger = await openLedger(file, plan, schedule, { marks });
    for (let done = 0; done < steps; done++) {
      await ledger.beginStep(ledger.nextStep, 0);
      await ledger.completeStep([done]);
    }
    return ledger.entries.length;
  } finally {
    await file.close();
    await marks.close();
  }
}

test("a mark is made with its folders, outside of the run's, and leaves no lock", async () => {
  expect(await visit("a", 2)).toBe(2);
  expect(await readdir(join(folder, "a"))).toEqual(["ledger.jsonl"]);
  const [mark] = await readdir(join(state, "runs"));
  expect(await readdir(join(state, "runs", mark!))).toEqual(["mark.jsonl"]);
  expect(await visit("a", 1)).toBe(3);
  expect(await readdir(join(state, "runs"))).toEqual([mark]);
});

test("a folder that was moved is the same run; one that was made anew at its path is another", async () => {
  await visit("a", 2);
  await rename(join(folder, "a"), join(folder, "moved"));
  expect(await visit("moved", 1)).toBe(3);
  await rm(join(folder, "moved"), { recursive: true });
  await mkdir(join(folder, "moved"));
  expect(await visit("moved", 1)).toBe(1);
  await rm(join(folder, "moved", "ledger.jsonl"));
  await expect(visit("moved", 1)).rejects.toMatchObject({ code: "ledger-behind" });
  expect(await readdir(join(folder, "moved"))).toEqual([]);
});

test("of two copies that go on side by side the second is refused, and says where the first is", async () => {
  await visit("a", 1);
  const marks = await nodeMarkStore(join(folder, "a"), state);
  const first = nodeLedgerFile(join(folder, "a", "ledger.jsonl"));
  const ledger = await openLedger(first, plan, schedule, { marks });
  const copy = new MemoryLedgerFile({ bytes: await first.readAll() });
  const second = openLedger(copy, plan, schedule, { marks: await nodeMarkStore(join(folder, "b"), state) });
  await expect(second).rejects.toMatchObject({
    code: "locked",
    message: expect.stringMatching(
      new RegExp(`going on in another folder.*process ${process.pid}`, "u"),
    ) as string,
  });
  await ledger.beginStep(2, 0);
  await first.close();
  await marks.close();
});

test("a lock that another boot left on a mark does not block; whoever wrote it stops at its next step", async () => {
  await visit("a", 1);
  const [mark] = await readdir(join(state, "runs"));
  const marks = await nodeMarkStore(join(folder, "a"), state);
  const file = nodeLedgerFile(join(folder, "a", "ledger.jsonl"));
  const earlier = await openLedger(file, plan, schedule, { marks });
  const place = join(state, "runs", mark!);
  // Its lock, as a process of another boot would have left it.
  for (const name of await readdir(place)) if (name.startsWith(".")) await rm(join(place, name));
  await writeFile(join(place, lockName({ ...ownIdentity(), boot: "0badc0de".repeat(4) }, 1)), "");
  const copy = new MemoryLedgerFile({ bytes: await file.readAll() });
  const later = await openLedger(copy, plan, schedule, {
    marks: await nodeMarkStore(join(folder, "b"), state),
  });
  await later.beginStep(2, 0);
  await expect(earlier.beginStep(2, 0)).rejects.toMatchObject({ code: "ledger-replaced" });
  await file.close();
  await marks.close();
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
  "a state that cannot be kept is a file error before anything is made (needs a user other than root)",
  async () => {
    await mkdir(state);
    await chmod(state, 0o500);
    await expect(nodeMarkStore(join(folder, "a"), state)).rejects.toMatchObject({ code: "no-permission" });
  },
);

test("a state folder below a file is a file error", async () => {
  await writeFile(state, "");
  await expect(nodeMarkStore(join(folder, "a"), state)).rejects.toMatchObject({ name: "FileError" });
});

test("the state's folder is the platform's, or the one that DPZO_STATE_HOME names", () => {
  const home = "/home/ann";
  const at = (platform: NodeJS.Platform, env: Record<string, string>): string =>
    stateFolder({ platform, env, home }).replaceAll("\\", "/");
  expect(at("linux", {})).toBe("/home/ann/.local/state/dpzo");
  expect(at("linux", { XDG_STATE_HOME: "/var/ann" })).toBe("/var/ann/dpzo");
  expect(at("linux", { XDG_STATE_HOME: "not/absolute" })).toBe("/home/ann/.local/state/dpzo");
  expect(at("darwin", { XDG_STATE_HOME: "/var/ann" })).toBe("/home/ann/Library/Application Support/dpzo");
  expect(at("win32", {})).toBe("/home/ann/AppData/Local/dpzo");
  for (const platform of ["linux", "darwin", "win32"] as const) {
    expect(at(platform, { DPZO_STATE_HOME: "/mnt/state", LOCALAPPDATA: "/x", XDG_STATE_HOME: "/y" })).toBe(
      "/mnt/state",
    );
  }
  expect(at("linux", { DPZO_STATE_HOME: "" })).toBe("/home/ann/.local/state/dpzo");
  // The tests' own, see test/support/state-home.ts.
  expect(stateFolder()).toContain("dpzo-state-");
});

test("a process that is killed inside a step: the step is charged, in ledger and mark, and the run goes on", async () => {
  const script = join(folder, "run.mts");
  const from = (path: string): string => JSON.stringify(join(import.meta.dirname, path));
  await writeFile(
    script,
    `import { openLedger } from ${from("../ledger/index.ts")};
     import { nodeLedgerFile, nodeMarkStore } from ${from("index.ts")};
     const file = nodeLedgerFile(${JSON.stringify(join(folder, "a", "ledger.jsonl"))});
     const marks = await nodeMarkStore(${JSON.stringify(join(folder, "a"))}, ${JSON.stringify(state)});
     const ledger = await openLedger(file, ${JSON.stringify(plan)}, ${JSON.stringify(schedule)}, { marks });
     await ledger.beginStep(1, 0);
     process.stdout.write("begun\\n");
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await visit("a", 1)).toBe(2);
});
