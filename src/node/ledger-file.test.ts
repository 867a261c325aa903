import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { nodeLedgerFile } from "./index.js";

const text = (value: string) => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dpzo-ledger-"));
  path = join(folder, "run", "ledger.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a file that is not there reads as empty, and reading makes nothing", async () => {
  const file = nodeLedgerFile(path);
  expect(await file.readAll()).toEqual(new Uint8Array());
  expect(await readdir(folder)).toEqual([]);
  await file.close();
});

test("appends go to the end, also after what was there and after a replace", async () => {
  const file = nodeLedgerFile(path);
  await file.append(text("a\n"));
  await file.append(text("b"));
  await file.sync();
  expect(decode(await file.readAll())).toBe("a\nb");
  await file.replace(text("a\n"));
  await file.append(text("c\n"));
  await file.sync();
  await file.close();
  const again = nodeLedgerFile(path);
  await again.append(text("d\n"));
  await again.close();
  expect(await readFile(path, "utf8")).toBe("a\nc\nd\n");
  expect(await readdir(join(folder, "run"))).toEqual(["ledger.jsonl"]);
});

/** What a sync client, a restore, an editor or a second writer may do to a file while it is open. */
const meddling: Record<string, () => Promise<void>> = {
  removed: () => rm(path),
  "renamed away": () => rename(path, `${path}.old`),
  "replaced by the same bytes": async () => {
    await writeFile(`${path}.new`, await readFile(path));
    await rename(`${path}.new`, path);
  },
  "replaced by fewer bytes": async () => {
    await writeFile(`${path}.new`, "a\n");
    await rename(`${path}.new`, path);
  },
  "shortened in place": () => truncate(path, 2),
  "appended to": () => appendFile(path, "by another hand\n"),
  "removed with its folder": () => rm(join(folder, "run"), { recursive: true }),
};

/** The bytes at the path; undefined if there is no file. */
const bytesAt = (): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);

for (const [what, meddle] of Object.entries(meddling)) {
  test(`a file that is ${what} while it is written is not written to again, nor overwritten`, async () => {
    const file = nodeLedgerFile(path);
    await file.replace(text("a\nb\n"));
    await file.append(text("c\n"));
    await file.sync();
    await meddle();
    const left = await bytesAt();
    for (const write of [
      () => file.append(text("d\n")),
      () => file.append(text("d\n")),
      () => file.replace(text("e\n")),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: "ledger-replaced", value: path });
    }
    expect(await bytesAt()).toBe(left);
    const kept = await file.keepAside(text("kept\n"));
    expect(await readFile(kept, "utf8")).toBe("kept\n");
    expect(await file.keepAside(text("again\n"))).not.toBe(kept);
    expect(await bytesAt()).toBe(left);
    await file.close();
  });

  test(`a file that is ${what} between reading and the first write is not overwritten`, async () => {
    const before = nodeLedgerFile(path);
    await before.replace(text("a\nb\n"));
    await before.close();
    for (const write of ["append", "replace"] as const) {
      const file = nodeLedgerFile(path);
      await file.readAll();
      await meddle();
      const left = await bytesAt();
      await expect(file[write](text("d\n"))).rejects.toMatchObject({ code: "ledger-replaced" });
      expect(await bytesAt()).toBe(left);
      await file.close();
      const mended = nodeLedgerFile(path);
      await mended.replace(text("a\nb\n"));
      await mended.close();
    }
  });
}

test("a file that appears where there was none is not overwritten", async () => {
  const file = nodeLedgerFile(path);
  await file.readAll();
  const other = nodeLedgerFile(path);
  await other.replace(text("another run\n"));
  await expect(file.replace(text("a\n"))).rejects.toMatchObject({ code: "ledger-replaced" });
  await expect(file.append(text("a\n"))).rejects.toMatchObject({ code: "ledger-replaced" });
  expect(await bytesAt()).toBe("another run\n");
  await file.close();
  await other.close();
});

test("of two that append to one file at any moments, at most one goes on", async () => {
  for (let round = 0; round < 30; round++) {
    const [a, b] = [nodeLedgerFile(path), nodeLedgerFile(path)];
    await a.readAll();
    await b.readAll();
    const results = await Promise.allSettled([a.append(text("a\n")), b.append(text("b\n"))]);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
    await a.close();
    await b.close();
  }
});

test("after close nothing can be written", async () => {
  const file = nodeLedgerFile(path);
  await file.append(text("a\n"));
  await file.close();
  await expect(file.append(text("b"))).rejects.toMatchObject({ code: "closed" });
  await expect(file.replace(text("b"))).rejects.toMatchObject({ code: "closed" });
  expect(await readFile(path, "utf8")).toBe("a\n");
});

test("a path that cannot be written is an error with the path", async () => {
  await writeFile(join(folder, "run"), "a file where the folder should be");
  const file = nodeLedgerFile(path);
  await expect(file.append(text("a"))).rejects.toThrow(folder);
});

test.skipIf(process.platform !== "linux")(
  "after a failed write nothing is appended until replace",
  async () => {
    // Writes to /dev/full fail with ENOSPC, as on a full disk.
    const file = nodeLedgerFile("/dev/full");
    await expect(file.append(text("a"))).rejects.toMatchObject({ code: "no-space" });
    await expect(file.sync()).rejects.toMatchObject({ code: "no-space" });
    await expect(file.append(new Uint8Array())).rejects.toMatchObject({ code: "no-space" });
    await file.close();
  },
);

test.skipIf(process.platform === "win32")(
  "a SIGKILL between appends leaves a prefix, and no synced byte is lost",
  async () => {
    const script = join(folder, "writer.mts");
    const module = join(import.meta.dirname, "ledger-file.ts");
    await writeFile(
      script,
      `import { nodeLedgerFile } from ${JSON.stringify(module)};
     const file = nodeLedgerFile(${JSON.stringify(path)});
     for (let i = 0; ; i++) {
       await file.append(new TextEncoder().encode(i + "\\n"));
       await file.sync();
       process.stdout.write(i + "\\n");
     }`,
    );
    const child = spawn(process.execPath, ["--import", "tsx", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let told = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      told += chunk as string;
      if (told.split("\n").length > 30) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    const kept = await readFile(path, "utf8");
    const lastTold = told.slice(0, told.lastIndexOf("\n") + 1);
    expect(kept.startsWith(lastTold)).toBe(true);
    expect(kept).toBe(Array.from({ length: kept.split("\n").length - 1 }, (_, i) => `${i}\n`).join(""));
  },
);
