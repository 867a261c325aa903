/** The walls between the rooms of `src`, and that each of them would be seen to fall. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { withGenerated } from "../tools/figures/generated.js";
import { roomsTable, walls, wallsScript } from "../tools/walls/check.js";
import { circles, graphOf } from "../tools/walls/circles.js";
import { faults, type Walls } from "../tools/walls/faults.js";
import { importsOf, readSources } from "../tools/walls/imports.js";
import { repositoryPath } from "./support/shared.js";

const imports = importsOf(readSources());

test("the sources are as the walls have them: table, circles, doors (npx tsx tools/walls/check.ts)", () => {
  expect(imports.length).toBeGreaterThan(1000);
  expect(faults(imports, walls)).toEqual([]);
});

test("the table of docs/architecture.md is the one that is kept (npx tsx tools/walls/check.ts --write)", () => {
  const page = readFileSync(repositoryPath("docs/architecture.md"), "utf8");
  expect(page).toBe(withGenerated(page, wallsScript, roomsTable()));
  expect(page).not.toBe(withGenerated(page, wallsScript, roomsTable().replace("the loop", "a loop")));
});

/** What is said of the sources with a line planted in some files. */
function planted(lines: Readonly<Record<string, string>>, change: Partial<Walls> = {}): readonly string[] {
  return faults([...imports, ...importsOf(new Map(Object.entries(lines)))], { ...walls, ...change });
}

test.each([
  ["a room above", "replay/index.ts", 'import { train } from "../train/index.js";', "train/index.ts"],
  ["for its types", "tasks/index.ts", 'import type { Plan } from "../plan/index.js";', "plan/index.ts"],
  ["again", "tasks/index.ts", 'export type { Plan } from "../plan/index.js";', "plan/index.ts"],
  ["lazily", "tasks/index.ts", 'const late = await import("../plan/index.js");', "plan/index.ts"],
  ["inside a type", "tasks/index.ts", 'let plan: import("../plan/index.js").Plan;', "plan/index.ts"],
  ["a value for a type", "masks/index.ts", 'export * from "../model/index.js";', "model/index.ts"],
  ["Node", "plan/index.ts", 'import { readFileSync } from "node:fs";', "node:fs"],
  ["a package", "report/index.ts", 'import * as z from "zod";', "zod"],
  ["a part of one", "plan/index.ts", 'import { parse } from "csv-parse/sync";', "csv-parse/sync"],
  ["a shared file", "accounting/index.ts", 'import { DpzoError } from "../errors.js";', "errors.ts"],
  ["up from there", "errors.ts", 'import { Plan } from "./plan/index.js";', "plan/index.ts"],
  ["the core entry", "tasks/index.ts", 'import { train } from "../index.js";', "index.ts"],
])("a planted wrong import is found: %s", (_, file, line, target) => {
  expect(planted({ [file]: line })).toContain(`${file} must not import ${target}.`);
});

test("a planted room that is not in the table is found", () => {
  const found = planted({ "attic/index.ts": 'import { DpzoError } from "../errors.js";' });
  expect(found).toContain("attic/index.ts must not import errors.ts.");
});

test("a planted circle of files is found, also where it is of types only", () => {
  const line = (file: string): string => `import type { Planted } from "./${file}.js";`;
  expect(planted({ "plan/unit.ts": line("plan") })).toEqual([]);
  const back = planted({ "plan/unit.ts": line("plan"), "plan/plan.ts": line("unit") });
  expect(back).toContain("Files in a circle: plan/plan.ts -> plan/unit.ts -> plan/plan.ts.");
});

test("a planted circle of rooms is found, also where the table allows each half", () => {
  const model = walls.rooms["model"]!;
  const rooms = { ...walls.rooms, model: { ...model, types: ["adapter"] } };
  const line = 'import type { PeftFolder } from "../adapter/index.js";';
  // Nobody imports the planted file, so no file is in a circle: the rooms alone are.
  expect(planted({ "model/planted.ts": line }, { rooms })).toEqual([
    "Rooms in a circle: adapter -> model -> adapter.",
  ]);
});

test("a planted deep import is found, and a known one that is gone", () => {
  const line = 'import { inputFeeds } from "../model/feeds.js";';
  expect(planted({ "plan/make-plan.ts": line })).toEqual([
    "plan/make-plan.ts imports model/feeds.ts, which is inside another room: go through its index.ts.",
  ]);
  const known = [...walls.known, { reason: "planted", from: "plan", to: ["model/feeds.ts"] }];
  expect(planted({}, { known })).toEqual([
    "plan > model/feeds.ts is known as a deep import, but is none any more: strike it out.",
  ]);
});

test("what the table allows and nothing needs is found", () => {
  const sampling = { ...walls.rooms["sampling"]!, imports: ["ledger"], types: ["plan"], packages: ["yaml"] };
  expect(planted({}, { rooms: { ...walls.rooms, sampling } })).toEqual([
    "sampling takes no value of ledger, but the table has it.",
    "sampling takes no type of plan, but the table has it.",
    "sampling takes nothing of yaml, but the table has it.",
  ]);
});

test("every way to import is read, with what is left of it when types are gone", () => {
  const text = [
    'import a, { type B } from "./a.js";',
    'import { type C } from "./c.js";',
    'import type * as d from "./d.js";',
    'import "./e.js";',
    'export * from "./f.js";',
    'export { type G } from "./g.js";',
    'const h: typeof import("./h.js") = await import("../i.js");',
    '/** {@link import("./comment.js")} */ const text = "import k from \'./k.js\'";',
  ].join("\n");
  const found = importsOf(new Map([["room/x.ts", text]]));
  expect(found.map(({ to, typeOnly }) => `${to}${typeOnly ? " (type)" : ""}`)).toEqual([
    "room/a.ts",
    "room/c.ts (type)",
    "room/d.ts (type)",
    "room/e.ts",
    "room/f.ts",
    "room/g.ts (type)",
    "room/h.ts (type)",
    "i.ts",
  ]);
});

test("circles: each once, a shortest way; none where there is none", () => {
  const pairs = (text: string) => text.split(" ").map((pair) => [pair[0]!, pair[1]!] as const);
  expect(circles(graphOf(pairs("ab bc ac aa")))).toEqual([]);
  expect(circles(graphOf(pairs("ab ba bc ca xy yx da")))).toEqual([
    ["a", "b"],
    ["c", "a", "b"],
    ["x", "y"],
  ]);
});
