import { circles, graphOf } from "./circles.js";
import type { Import } from "./imports.js";
import type { Room } from "./rooms.js";

/** Imports of other rooms' inner files that were there before the walls. */
export interface KnownDeepImports {
  readonly reason: string;
  /** The room that imports. */
  readonly from: string;
  /** The inner files. */
  readonly to: readonly string[];
}

/** What the sources are held against. */
export interface Walls {
  readonly rooms: Readonly<Record<string, Room>>;
  readonly sharedFiles: readonly string[];
  readonly sideDoors: readonly string[];
  readonly known: readonly KnownDeepImports[];
}

/**
 * Everything in the imports of `src` that is not as the walls have it, a sentence each; none when all is well.
 *
 * - An import of a room or package that the table does not name, and an entry of the table that nothing needs.
 * - A circle of rooms or of files, `import type` included.
 * - An import of another room's inner file that is not known, and a known one that is there no longer.
 */
export function faults(imports: readonly Import[], walls: Walls): readonly string[] {
  return [
    ...imports.filter((one) => !isAllowed(one, walls)).map((one) => `${one.from} must not import ${one.to}.`),
    ...unneeded(imports, walls),
    ...circular(imports),
    ...deep(imports, walls),
  ];
}

/** The room of a file; empty for a file beside the rooms. */
function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** A specifier's package: its first part, or its first two under a scope; `node` for Node's own modules. */
function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return "node";
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function isAllowed({ from, to, isPackage, typeOnly }: Import, { rooms, sharedFiles }: Walls): boolean {
  const [own, other] = [roomOf(from), roomOf(to)];
  if (own === "") return !isPackage && (other === "" || from === "index.ts");
  const room = rooms[own];
  if (room === undefined) return false;
  if (isPackage) return (room.packages ?? []).includes(packageOf(to));
  if (other === own || room.imports.includes(other)) return true;
  if (other === "") return room.alone !== true && sharedFiles.includes(to);
  return typeOnly && (room.types ?? []).includes(other);
}

function unneeded(imports: readonly Import[], { rooms }: Walls): readonly string[] {
  return Object.entries(rooms).flatMap(([name, { imports: values, types = [], packages = [] }]) => {
    const own = imports.filter(({ from }) => roomOf(from) === name);
    const taken = (wanted: (one: Import) => boolean): ReadonlySet<string> =>
      new Set(own.filter(wanted).map(({ to, isPackage }) => (isPackage ? packageOf(to) : roomOf(to))));
    const inner = taken(({ isPackage }) => !isPackage);
    const valued = taken(({ isPackage, typeOnly }) => !isPackage && !typeOnly);
    const outer = taken(({ isPackage }) => isPackage);
    return [
      ...values.filter((room) => !valued.has(room)).map((room) => `no value of ${room}`),
      ...types.filter((room) => !inner.has(room)).map((room) => `no type of ${room}`),
      ...packages.filter((one) => !outer.has(one)).map((one) => `nothing of ${one}`),
    ].map((what) => `${name} takes ${what}, but the table has it.`);
  });
}

function circular(imports: readonly Import[]): readonly string[] {
  const inner = imports.filter(({ isPackage }) => !isPackage);
  const files = circles(graphOf(inner.map(({ from, to }) => [from, to] as const)));
  // The core entry is no room: it imports most of them, and none imports it.
  const between = inner.filter(({ from, to }) => roomOf(from) !== "" && roomOf(to) !== "");
  const rooms = circles(graphOf(between.map(({ from, to }) => [roomOf(from), roomOf(to)] as const)));
  const told = (kind: string) => (way: readonly string[]) =>
    `${kind} in a circle: ${[...way, way[0] ?? ""].join(" -> ")}.`;
  return [...files.map(told("Files")), ...rooms.map(told("Rooms"))];
}

function deep(imports: readonly Import[], { sideDoors, known }: Walls): readonly string[] {
  const isInner = (path: string): boolean =>
    roomOf(path) !== "" && !path.endsWith("/index.ts") && !sideDoors.includes(path);
  const found = imports.filter(
    ({ from, to, isPackage }) => !isPackage && roomOf(from) !== roomOf(to) && isInner(to),
  );
  const key = (room: string, file: string): string => `${room} > ${file}`;
  const allowed = new Set(known.flatMap(({ from, to }) => to.map((file) => key(from, file))));
  const present = new Set(found.map(({ from, to }) => key(roomOf(from), to)));
  return [
    ...found
      .filter(({ from, to }) => !allowed.has(key(roomOf(from), to)))
      .map(({ from, to }) => `${from} imports ${to}, which is inside another room: go through its index.ts.`),
    ...[...allowed]
      .filter((one) => !present.has(one))
      .map((one) => `${one} is known as a deep import, but is none any more: strike it out.`),
  ];
}
