import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { FileError } from "../files.js";
import { readEventFile } from "./account-event.js";
import { exitCodeOf } from "./exit-codes.js";
import { readFlagFile, readFlagText } from "./flag-file.js";
import { readConfigFile } from "./options.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-flag-file-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a function throws. */
function thrownBy(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("a file that cannot be read is said in words, with the exit code of files, whichever flag named it", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(folder, "nowhere"), /Cannot read .*nowhere: it does not exist\./u],
    [folder, /it is a folder\./u],
  ];
  for (const [path, words] of cases) {
    for (const read of [readFlagFile, readFlagText, readEventFile]) {
      const error = thrownBy(() => read(path));
      expect(error).toBeInstanceOf(FileError);
      expect((error as Error).message).toMatch(words);
      expect(exitCodeOf(error)).toBe(3);
    }
    const error = thrownBy(() => readConfigFile(path)) as Error;
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/ENOENT|EISDIR/u);
  }
});

test("a file that is there is read whole", () => {
  writeFileSync(join(folder, "a"), "zwölf\n");
  expect(readFlagFile(join(folder, "a"))).toHaveLength(7);
  expect(readFlagText(join(folder, "a"))).toBe("zwölf\n");
});
