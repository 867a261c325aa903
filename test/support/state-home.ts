import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder = "";

/** Tests, and the commands that they start, keep their marks in a folder of their own and never in the user's state. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), "dpzo-state-"));
  process.env["DPZO_STATE_HOME"] = folder;
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
