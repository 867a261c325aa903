/**
 * The walls between the rooms of `src`. `npx tsx tools/walls/check.ts` says what breaks them, and exits with 1 if
 * anything does; with `--write` it writes the table into docs/architecture.md. test/walls.test.ts runs the same.
 */
import { pathToFileURL } from "node:url";

import { table, writeGenerated } from "../figures/generated.js";
import { faults, type Walls } from "./faults.js";
import { importsOf, readSources } from "./imports.js";
import { known } from "./known.js";
import { rooms, sharedFiles, sideDoors } from "./rooms.js";

export const walls: Walls = { rooms, sharedFiles, sideDoors, known };

/** The name that stands in the marker of the page's generated part. */
export const wallsScript = "tools/walls/check.ts --write";

/** The table of docs/architecture.md. */
export function roomsTable(): string {
  const code = (names: readonly string[] = []): string[] => names.map((name) => `\`${name}\``);
  return table(
    ["folder", "what it does", "imports", "packages"],
    Object.entries(rooms).map(([name, { purpose, imports, types, packages, alone }]) => {
      const inner = [...code(imports), ...code(types).map((room) => `types of ${room}`)];
      const none = alone === true ? "nothing at all" : "";
      return [`\`${name}\``, purpose, inner.join(", ") || none, code(packages).join(", ")];
    }),
  );
}

function main(): void {
  if (process.argv.includes("--write")) writeGenerated("docs/architecture.md", wallsScript, roomsTable());
  const found = faults(importsOf(readSources()), walls);
  for (const fault of found) console.error(fault);
  if (found.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
