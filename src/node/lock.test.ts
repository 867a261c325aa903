import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { lockFolder, LockError } from "./index.js";
import { lockName, parseLockName } from "./lock-name.js";
import { hostText } from "./machine-identity.js";
import { isProcessAlive, livenessOf, ownIdentity } from "./process-identity.js";
import type { ProcessIdentity } from "./process-identity.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dpzo-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hasProc = process.platform === "linux";
/** Windows has no number that a boot draws, so a dead holder there is never known to be dead. */
const hasBoot = ownIdentity().boot !== "0";

function lockFileOf(identity: ProcessIdentity): string {
  return lockName(identity, 1);
}

async function refusal(path = folder): Promise<LockError> {
  const error: unknown = await lockFolder(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LockError);
  return error as LockError;
}

/** A process that takes the lock, says so, and keeps it until told otherwise. */
async function holder(then = "setInterval(() => {}, 1000)") {
  const scripts = await mkdtemp(join(tmpdir(), "dpzo-holder-"));
  const script = join(scripts, "holder.mts");
  const module = join(import.meta.dirname, "lock.ts");
  await writeFile(
    script,
    `import { lockFolder } from ${JSON.stringify(module)};
     await lockFolder(${JSON.stringify(folder)});
     process.stdout.write("held\\n");
     ${then};`,
  );
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  await rm(scripts, { recursive: true });
  return child;
}

test("a folder is had once at a time, also within one process; release gives it back", async () => {
  const lock = await lockFolder(folder);
  const error = await refusal();
  expect(error.code).toBe("locked");
  expect(error.message).toContain(`process ${process.pid}`);
  await lock.release();
  await lock.release();
  await (await lockFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

test("of many that ask at the same moment, at most one has it", async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const winners = results.filter((result) => result.status === "fulfilled");
  expect(winners.length).toBeLessThanOrEqual(1);
  for (const { value } of winners) await value.release();
  await (await lockFolder(folder)).release();
});

test("the folder is made when it is not there, and a path below a file is refused", async () => {
  const lock = await lockFolder(join(folder, "runs", "demo"));
  await lock.release();
  await writeFile(join(folder, "file"), "");
  await expect(lockFolder(join(folder, "file"))).rejects.toThrow(join(folder, "file"));
});

test.skipIf(!hasBoot)(
  "another process that holds it blocks, and SIGKILL of it does not block the next one",
  async () => {
    const child = await holder();
    expect((await refusal()).message).toContain(`process ${child.pid ?? 0}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await readdir(folder)).length).toBe(1);
    await (await lockFolder(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  },
);

test("a process that ends, well or by an error, leaves no lock", async () => {
  for (const end of ["process.exit(3)", "throw new Error('on purpose, by a test')"]) {
    const child = await holder(
      end.startsWith("throw") ? `process.on("uncaughtException", () => process.exit(1)); ${end}` : end,
    );
    if (child.exitCode === null) await once(child, "exit");
    expect(await readdir(folder)).toEqual([]);
  }
});

test.skipIf(!hasProc)("a process that only has the dead holder's number is not taken for it", async () => {
  const own = ownIdentity();
  const earlier = { ...own, startTime: "1" };
  expect([livenessOf(own), livenessOf(earlier)]).toEqual(["alive", "dead"]);
  await writeFile(join(folder, lockFileOf(earlier)), "");
  await (await lockFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

const boot = "0badc0de".repeat(4);
const machine = "feedface".repeat(4);

test("a holder on another machine, of another boot or in another container is not guessed about", async () => {
  const own = ownIdentity();
  const elsewhere: Record<string, ProcessIdentity> = {
    "another machine": { ...own, machine, boot, host: "elsewhere" },
    "a machine cloned from this one, of the same name": { ...own, boot },
    "this machine before it was started again": { ...own, boot, pid: 2 ** 22 + 1 },
    "a pod of this name on another node": { ...own, machine: "0", boot },
    "another installation with this boot's number": { ...own, machine },
    "this boot under another host name": { ...own, host: `${own.host}.example` },
    "no number for boots": { ...own, boot: "0" },
    "another container": { ...own, namespace: "4026539999" },
  };
  for (const [what, identity] of Object.entries(elsewhere)) {
    expect(livenessOf(identity), what).toBe("unknown");
    const file = join(folder, lockFileOf(identity));
    await writeFile(file, "");
    const error = await refusal();
    expect(error.code, what).toBe("lock-unknown");
    expect(error.message, what).toContain(`remove ${file}`);
    expect(await readdir(folder), what).toEqual([lockFileOf(identity)]);
    await rm(file);
  }
});

test("where neither side has a number for its boot, nobody is taken for dead, whatever the names say", () => {
  const own = { ...ownIdentity(), boot: "0" };
  expect(livenessOf({ ...own, pid: 2 ** 22 + 1 }, own)).toBe("unknown");
});

test("host names keep their punctuation: no two share a lock's name, and each fits into one", () => {
  const long = "a".repeat(200);
  const hosts = [
    "web-1",
    "web1",
    "web.1",
    "web_1",
    "WEB1",
    "web~1",
    "w\u00e9b1",
    "",
    `${long}1`,
    `${long}2`,
    "~",
    "a/b",
  ];
  const texts = hosts.map(hostText);
  expect(new Set(texts).size).toBe(hosts.length);
  for (const host of texts) {
    const identity = { ...ownIdentity(), host, machine, boot };
    const name = lockName(identity, 1);
    expect(name).toMatch(/^[\w.%~-]{1,255}$/u);
    expect(parseLockName(name)).toEqual(identity);
  }
});

test("a lock of an earlier version names no machine, and is not guessed about", async () => {
  const name = ".dpzo-lock-web1-0badc0de-4026531836-4711-1234-1";
  await writeFile(join(folder, name), "");
  expect((await refusal()).code).toBe("lock-unknown");
});

test("files that only look like locks are left alone", async () => {
  await writeFile(join(folder, ".dpzo-lock-notes"), "");
  await (await lockFolder(folder)).release();
  expect(await readdir(folder)).toEqual([".dpzo-lock-notes"]);
});

test("this process is alive, number 2^22 + 1 is not", () => {
  expect([isProcessAlive(process.pid), isProcessAlive(2 ** 22 + 1)]).toEqual([true, false]);
});
