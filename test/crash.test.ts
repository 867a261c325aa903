import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { openCheckpoint } from "../src/checkpoint/index.js";
import { nodeFolderReader, nodeFolderWriter } from "../src/node/index.js";
import { replayModel } from "../src/replay/replay-model.js";
import { verifyLedger } from "../src/verify/verify.js";
import { dpzo, ended, ensureBuilt, startDpzo } from "./support/built-cli.js";
import { jsonLines, seededNumbers, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";

const kills = 50;
// So many that a busy machine, on which kills come late, does not finish the run before the last of them.
const steps = 1500;
const folder = mkdtempSync(join(tmpdir(), "dpzo-crash-"));
const out = join(folder, "run");
const ledgerPath = join(out, "ledger.jsonl");
const base = join(folder, "base");

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(join(folder, "train.jsonl"), jsonLines(tinyRecords(24)));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// Rate 1 and a huge epsilon only because the accountant is quick there; 50 starts pay for it.
const command = [
  ...["train", "--model", base, "--data", join(folder, "train.jsonl"), "--out", out, "--quiet", "--json"],
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
  ...["--epsilon", "1000", "--steps", String(steps), "--batch", "24", "--directions", "2", "--stages", "2"],
  ...["--clip", "4", "--proximal", "0.1"],
];

// 50 starts of Node: about a minute on a free machine, several on a busy one.
test(`a run killed with SIGKILL at ${kills} random moments, and resumed each time, is one honest run`, async () => {
  const random = seededNumbers(50);
  const uniform = (high: number): number => ((random() + 1) / 2) * high;
  const snapshots: Uint8Array[] = [];
  let startUp = 500;
  let killedInside = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const before = ledgerSize();
    const start = performance.now();
    const child = startDpzo(command);
    const finished = ended(child);
    if (kill % 5 === 4) {
      // While it starts: reading, planning, repairing the ledger, replaying.
      await pause(uniform(startUp));
    } else {
      // While it steps: from the first byte it writes on.
      while (ledgerSize() === before && child.exitCode === null) await pause(1);
      if (child.exitCode === null) startUp = performance.now() - start;
      await pause(uniform(25));
    }
    child.kill("SIGKILL");
    const { code, stderr } = await finished;
    expect(code === null || code === 0, stderr).toBe(true);
    if (code === null) killedInside += 1;
    if (existsSync(ledgerPath)) snapshots.push(new Uint8Array(readFileSync(ledgerPath)));
  }
  // A test that mostly killed finished runs would show nothing.
  expect(killedInside).toBeGreaterThanOrEqual(0.8 * kills);

  const last = await dpzo(...command);
  expect(last.code, last.stderr).toBe(0);
  const final = new Uint8Array(readFileSync(ledgerPath));
  const verified = verifyLedger(final);
  const torn = snapshots.flatMap((snapshot) => checkPrefix(snapshot, final));

  // Each step was spent exactly once, and all planned ones were.
  expect(verified.entries.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  expect(verified.steps).toBe(verified.plannedSteps);
  // Some kills fell between the announcement of a step and its release: those steps, and no others, are lost.
  expect(torn.length).toBeGreaterThan(0);
  const lost = verified.entries.filter((entry) => entry.lost === true).map(({ step }) => step);
  expect(lost).toEqual([...new Set(torn)].sort((a, b) => a - b));
  expect(verified.entries.filter(({ values }) => values !== undefined).length).toBe(steps - lost.length);

  const replayed = join(folder, "replayed");
  await replayModel(await openCheckpoint(nodeFolderReader(base)), final, nodeFolderWriter(replayed));
  for (const name of readdirSync(replayed)) {
    expect(readFileSync(join(out, "model", name)).equals(readFileSync(join(replayed, name))), name).toBe(
      true,
    );
  }
  expect(readdirSync(join(out, "model")).sort()).toEqual(readdirSync(replayed).sort());
}, 600_000);

/** Whole lines of a snapshot stand in the final ledger; the step of a torn tail, which is returned, is lost there. */
function checkPrefix(snapshot: Uint8Array, final: Uint8Array): number[] {
  const whole = snapshot.lastIndexOf(10) + 1;
  expect(Buffer.compare(snapshot.subarray(0, whole), final.subarray(0, whole))).toBe(0);
  if (whole === snapshot.length || whole === 0) return [];
  const tail = new TextDecoder().decode(snapshot.subarray(whole));
  const step = Number(/^\{"step":(\d+),/u.exec(tail)?.[1]);
  const line = new TextDecoder().decode(final.subarray(whole, final.indexOf(10, whole)));
  expect(line).toMatch(new RegExp(`^\\{"step":${step},"stage":\\d,"lost":true,`, "u"));
  return [step];
}

function ledgerSize(): number {
  return existsSync(ledgerPath) ? statSync(ledgerPath).size : 0;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
