import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { FileError, memoryFolder } from "../files.js";
import type { FolderReader, FolderWriter } from "../files.js";
import { nodeFolderReader, nodeFolderWriter, openNodeFile } from "./index.js";

const text = (value: string) => new TextEncoder().encode(value);

async function* chunks(...values: string[]): AsyncGenerator<Uint8Array> {
  for (const value of values) yield await Promise.resolve(text(value));
}

let path = "";
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "dpzo-folder-"));
});
afterEach(() => rm(path, { recursive: true, force: true }));

interface Folder {
  readonly reader: FolderReader;
  readonly writer: FolderWriter;
}

const kinds: [string, () => Folder][] = [
  ["in memory", () => ({ reader: memory, writer: memory })],
  ["on disk", () => ({ reader: nodeFolderReader(path), writer: nodeFolderWriter(path) })],
];
let memory = memoryFolder();
beforeEach(() => {
  memory = memoryFolder();
});

for (const [kind, make] of kinds) {
  test(`${kind}: what is written is listed and read back at any place`, async () => {
    const { reader, writer } = make();
    await writer.write("b.bin", chunks("01", "", "2345"));
    await writer.write("a.bin", chunks());
    expect(await reader.list()).toEqual(["a.bin", "b.bin"]);
    const file = await reader.open("b.bin");
    expect([file.size, file.name.endsWith("b.bin")]).toEqual([6, true]);
    expect(await file.read(1, 3)).toEqual(text("123"));
    expect(await file.read(6, 0)).toEqual(text(""));
    for (const [offset, length] of [
      [5, 2],
      [-1, 1],
      [0.5, 1],
      [0, NaN],
      [7, 0],
    ] as const) {
      await expect(file.read(offset, length)).rejects.toMatchObject({ code: "out-of-range" });
    }
    await file.close();
    await file.close();
  });

  test(`${kind}: a name that leads out of the folder is refused for reading and writing`, async () => {
    const { reader, writer } = make();
    for (const name of ["../x", "a/b", "a\\b", "", ".", "..", "C:x", "a\0b", "x".repeat(256)]) {
      await expect(reader.open(name)).rejects.toMatchObject({ code: "unsafe-name" });
      await expect(writer.write(name, chunks())).rejects.toMatchObject({ code: "unsafe-name" });
    }
  });

  test(`${kind}: a write that fails half way leaves the old file and nothing else`, async () => {
    const { reader, writer } = make();
    await writer.write("a", chunks("old"));
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunks("new");
      throw new RangeError("from the source");
    }
    await expect(writer.write("a", failing())).rejects.toThrow(RangeError);
    expect(await reader.list()).toEqual(["a"]);
    expect(await (await reader.open("a")).read(0, 3)).toEqual(text("old"));
  });

  test(`${kind}: a missing file is named`, async () => {
    const { reader } = make();
    await expect(reader.open("none.json")).rejects.toMatchObject({ code: "not-found" });
    await expect(reader.open("none.json")).rejects.toThrow(/none\.json/);
  });
}

test("a missing folder is an error that says the path and what was tried", async () => {
  const missing = join(path, "nowhere");
  await expect(nodeFolderReader(missing).list()).rejects.toThrow(
    `Cannot list ${missing}: it does not exist.`,
  );
  await expect(openNodeFile(missing)).rejects.toThrow(`Cannot open ${missing}: it does not exist.`);
  await expect(openNodeFile("no/such/file")).rejects.toThrow(join(process.cwd(), "no/such/file"));
});

test("a folder is no file, a file is no folder", async () => {
  await writeFile(join(path, "file"), "x");
  await expect(openNodeFile(path)).rejects.toMatchObject({ code: "not-a-file" });
  await expect(nodeFolderReader(join(path, "file")).list()).rejects.toMatchObject({ code: "not-a-folder" });
  await expect(nodeFolderWriter(join(path, "file", "x")).write("a", chunks())).rejects.toBeInstanceOf(
    FileError,
  );
});

test("links are followed, as in the Hugging Face cache; sub-folders and broken links are left out", async () => {
  await mkdir(join(path, "sub"));
  await writeFile(join(path, "sub", "blob"), "data");
  await symlink(join("sub", "blob"), join(path, "config.json"));
  await symlink("nowhere", join(path, "broken"));
  const reader = nodeFolderReader(path);
  expect(await reader.list()).toEqual(["config.json"]);
  expect((await reader.open("config.json")).size).toBe(4);
});

test("reading after closing is refused", async () => {
  await writeFile(join(path, "a"), "x");
  const file = await openNodeFile(join(path, "a"));
  await file.close();
  await expect(file.read(0, 1)).rejects.toMatchObject({ code: "closed" });
});

test("a file that shrank while it was open is reported, not padded", async () => {
  await writeFile(join(path, "a"), "0123456789");
  const file = await openNodeFile(join(path, "a"));
  await writeFile(join(path, "a"), "01");
  await expect(file.read(0, 10)).rejects.toMatchObject({ code: "short-read" });
  await file.close();
});

test.skipIf(process.platform === "win32")("private files can be read by their owner alone", async () => {
  const writer = nodeFolderWriter(path, { isPrivate: true });
  await writer.write("cache", chunks("x"));
  expect((await stat(join(path, "cache"))).mode & 0o777).toBe(0o600);
  await nodeFolderWriter(path).write("cache", chunks("x"));
  expect((await stat(join(path, "cache"))).mode & 0o400).toBe(0o400);
});

test("what a killed writer left is not listed, and goes with the next write of that name", async () => {
  const dead = 2 ** 22 + 1;
  await writeFile(join(path, `.model.safetensors.${dead}-1.tmp`), "half");
  await writeFile(join(path, `.other.${dead}-1.tmp`), "half");
  await writeFile(join(path, `.model.safetensors.${process.pid}-999.tmp`), "being written");
  expect(await nodeFolderReader(path).list()).toEqual([]);
  await nodeFolderWriter(path).write("model.safetensors", chunks("whole"));
  expect((await readdir(path)).sort()).toEqual(
    [`.model.safetensors.${process.pid}-999.tmp`, `.other.${dead}-1.tmp`, "model.safetensors"].sort(),
  );
  expect(await readFile(join(path, "model.safetensors"), "utf8")).toBe("whole");
});

test("a writer makes the folders it needs", async () => {
  const deep = join(path, "runs", "demo", "model");
  await nodeFolderWriter(deep).write("a", chunks("x"));
  expect(await nodeFolderReader(deep).list()).toEqual(["a"]);
});
