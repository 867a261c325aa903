/**
 * What happens to a run's folder while it trains and between two commands: nothing is spent twice, nothing paid is
 * lost.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Output } from "../src/cli/output.js";
import { type RunMetrics, runTraining } from "../src/cli/train-run.js";
import { parseLedger, recoverLedger } from "../src/ledger/index.js";
import { trainConfigSchema } from "../src/plan/config.js";
import { releaseSchedule } from "../src/plan/noise.js";
import { readPlan } from "../src/plan/read-plan.js";
import { verifyLedger } from "../src/verify/verify.js";
import { dpzo, ensureBuilt } from "./support/built-cli.js";
import { jsonLines, tinyModel, tinyRecords, tinyTask, writeToDisk } from "./support/tiny-model.js";
import { each, tinyConfig } from "./support/tiny-run.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-run-folder-"));
const base = join(folder, "base");
const data = join(folder, "train.jsonl");
const steps = 6;
/** A budget at which the accountant is quick. */
const settings = { ...tinyConfig, epsilon: 1000, batch: 40 };
let count = 0;

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(data, jsonLines(tinyRecords(40)));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A run folder of its own. */
function newOut(): string {
  return join(folder, `run-${++count}`);
}

interface RunOptions {
  readonly charges?: boolean;
  readonly config?: object;
  /** Called after a step was shown. */
  readonly onStep?: (step: number) => void;
}

/** One command in this process; what it told is in `said`. */
async function run(out: string, { charges = false, config = {}, onStep }: RunOptions = {}) {
  const said: string[] = [];
  const output: Output = {
    json: false,
    say: (text) => void said.push(text ?? ""),
    progress: (text) => {
      const step = /^step (\d+) of/u.exec(text)?.[1];
      if (step !== undefined) onStep?.(Number(step));
    },
    progressEnd: () => undefined,
    answer: () => undefined,
  };
  const request = {
    modelFolder: base,
    out,
    task: tinyTask,
    config: trainConfigSchema.parse({ ...settings, ...config }),
    records: each(tinyRecords(40)),
    chargeLostSteps: charges,
  };
  const result: RunMetrics | Error = await runTraining(request, output).catch(
    (error: unknown) => error as Error,
  );
  return { result, said: said.join("\n") };
}

/** Stops the run as Ctrl-C does, after a step. */
function stopAfter(last: number): (step: number) => void {
  return (step) => {
    if (step === last) process.emit("SIGINT");
  };
}

const ledgerOf = (out: string): string => join(out, "ledger.jsonl");
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** The header and so many steps. */
function firstSteps(bytes: Uint8Array, left: number): string {
  return (
    new TextDecoder()
      .decode(bytes)
      .split("\n")
      .slice(0, left + 1)
      .join("\n") + "\n"
  );
}

/** What a ledger that may end in a begun step comes to. */
function recovered(bytes: Uint8Array) {
  const header = bytes.subarray(0, bytes.indexOf(10) + 1);
  return recoverLedger(bytes, releaseSchedule(readPlan(parseLedger(header).plan)));
}

const meddling: Record<string, (out: string) => void> = {
  removed: (out) => {
    rmSync(ledgerOf(out));
  },
  "removed with its folder": (out) => {
    rmSync(out, { recursive: true });
  },
  "replaced by an earlier copy of it": (out) => {
    writeFileSync(join(out, "earlier"), firstSteps(bytesOf(ledgerOf(out)), 1));
    renameSync(join(out, "earlier"), ledgerOf(out));
  },
  "replaced by a copy of the same length": (out) => {
    copyFileSync(ledgerOf(out), join(out, "same"));
    renameSync(join(out, "same"), ledgerOf(out));
  },
  "shortened in place": (out) => {
    truncateSync(ledgerOf(out), firstSteps(bytesOf(ledgerOf(out)), 1).length);
  },
  "edited in place": (out) => {
    const text = readFileSync(ledgerOf(out), "utf8");
    const digit = text.lastIndexOf('"values":[') + '"values":['.length + 1;
    writeFileSync(
      ledgerOf(out),
      text.slice(0, digit) + (text[digit] === "7" ? "8" : "7") + text.slice(digit + 1),
    );
  },
};

for (const [what, meddle] of Object.entries(meddling)) {
  // The same bytes in another file are no harm once nothing more is written.
  for (const at of what.includes("same length") ? [3] : [3, steps]) {
    test(`a ledger that is ${what} after step ${at}: an error says where the truth stands, and nothing paid is lost`, async () => {
      const out = newOut();
      let atMeddling: Uint8Array = new Uint8Array();
      const { result } = await run(out, {
        onStep: (step) => {
          if (step !== at) return;
          atMeddling = bytesOf(ledgerOf(out));
          meddle(out);
        },
      });
      expect(result).toMatchObject({ code: "ledger-replaced" });
      const message = (result as Error).message;
      expect(existsSync(join(out, "model"))).toBe(false);
      expect(existsSync(join(out, "metrics.json"))).toBe(false);
      const kept = /kept in (\S+\.jsonl)\./u.exec(message)?.[1] ?? "";
      const { ledger } = recovered(bytesOf(kept));
      expect(message).toContain(ledger!.hash);
      // All that was released when the file was taken away is there, and perhaps more, to the byte.
      expect(ledger!.entries.length).toBeGreaterThanOrEqual(at);
      expect(bytesOf(kept).subarray(0, atMeddling.length)).toEqual(atMeddling);

      // What the message asks for.
      expect(message).toContain(`Move ${kept} to ${ledgerOf(out)}`);
      renameSync(kept, ledgerOf(out));
      const { result: again } = await run(out);
      expect(again).toMatchObject({ finished: true, steps, lostSteps: 0 });
      const final = verifyLedger(bytesOf(ledgerOf(out)));
      expect(final.entries.slice(0, ledger!.entries.length)).toEqual(ledger!.entries);
    });
  }
}

test("a ledger that was replaced is not believed in the run's next command either: what it lacks is refused", async () => {
  const out = newOut();
  const onStep = (step: number): void => {
    if (step === 4) meddling["replaced by an earlier copy of it"]!(out);
  };
  expect((await run(out, { onStep })).result).toMatchObject({ code: "ledger-replaced" });
  const before = bytesOf(ledgerOf(out));
  expect((await run(out)).result).toMatchObject({ code: "ledger-behind" });
  expect(bytesOf(ledgerOf(out))).toEqual(before);
  const { result, said } = await run(out, { charges: true });
  expect(result).toMatchObject({ finished: true, steps, lostSteps: 3 });
  expect(said).toContain("charged: 3 steps");
});

test("copies that go on: the one that stayed behind is refused, and charged goes on; no step is released twice", async () => {
  const [first, second] = [newOut(), newOut()];
  await run(first, { onStep: stopAfter(2) });
  cpSync(first, second, { recursive: true });
  expect((await run(second, { onStep: stopAfter(4) })).result).toMatchObject({ steps: 4, finished: false });
  const { result } = await run(first);
  expect(result).toMatchObject({ code: "ledger-behind" });
  expect((result as Error).message).toContain(second);
  expect((await run(first, { charges: true })).result).toMatchObject({ steps, lostSteps: 2, finished: true });
  expect((await run(second)).result).toMatchObject({ code: "ledger-behind" });
  expect((await run(second, { charges: true })).result).toMatchObject({
    steps,
    lostSteps: 2,
    finished: true,
  });
  const released = (out: string): number[] =>
    verifyLedger(bytesOf(ledgerOf(out)))
      .entries.filter(({ lost }) => lost !== true)
      .map(({ step }) => step);
  expect(released(first)).toEqual([1, 2, 5, 6]);
  expect(released(second)).toEqual([1, 2, 3, 4]);
});

test("a copy that is begun while its run goes on is refused, and the run is not disturbed", async () => {
  const [first, second] = [newOut(), newOut()];
  let copied: ReturnType<typeof run> | undefined;
  const { result } = await run(first, {
    onStep: (step) => {
      if (step !== 2) return;
      cpSync(first, second, { recursive: true, filter: (path) => !path.includes("dpzo-lock") });
      copied = run(second);
    },
  });
  expect(result).toMatchObject({ finished: true, steps, lostSteps: 0 });
  const refused = await copied!;
  expect(["locked", "ledger-behind"]).toContain((refused.result as Error & { code?: string }).code);
  expect(verifyLedger(bytesOf(ledgerOf(second))).steps).toBe(2);
});

test("a folder whose ledger was removed is refused to the same plan and to any other; made anew it is a new run", async () => {
  const out = newOut();
  await run(out, { onStep: stopAfter(3) });
  rmSync(ledgerOf(out));
  const left = readdirSync(out);
  for (const [config, code] of [
    [{}, "ledger-behind"],
    [{ seed: undefined }, "ledger-gone"],
    [{ steps: 8 }, "ledger-gone"],
  ] as const) {
    expect((await run(out, { config })).result).toMatchObject({ code });
    expect(readdirSync(out)).toEqual(left);
  }
  expect((await run(out, { charges: true })).result).toMatchObject({ steps, lostSteps: 3 });
  rmSync(out, { recursive: true });
  expect((await run(out)).result).toMatchObject({ steps, lostSteps: 0, finished: true });
});

test("another run's ledger of the same plan, put in a folder, is not taken for the folder's", async () => {
  const [first, second] = [newOut(), newOut()];
  await run(first, { onStep: stopAfter(3) });
  await run(second, { onStep: stopAfter(4) });
  const foreign = firstSteps(bytesOf(ledgerOf(second)), 2);
  writeFileSync(ledgerOf(first), foreign);
  expect((await run(first)).result).toMatchObject({ code: "ledger-behind" });
  expect(readFileSync(ledgerOf(first), "utf8")).toBe(foreign);
});

test("where no mark can be kept the run says so and goes on; a run that is new to the machine is a remark", async () => {
  const out = newOut();
  const home = process.env["DPZO_STATE_HOME"]!;
  try {
    process.env["DPZO_STATE_HOME"] = join(data, "below a file");
    const { result, said } = await run(out, { onStep: stopAfter(3) });
    expect(result).toMatchObject({ steps: 3 });
    expect(said.match(/no mark of this run is kept/gu)).toHaveLength(1);
  } finally {
    process.env["DPZO_STATE_HOME"] = home;
  }
  const { result, said } = await run(out);
  expect(result).toMatchObject({ steps, finished: true });
  expect(said).toContain("this machine has not seen this run before");
});

const flags = [
  ...["--template", "{text} it was {mask} .", "--label-words", "terrible,great", "--maximum-tokens", "32"],
  ...[
    "--epsilon",
    "1000",
    "--steps",
    "6",
    "--batch",
    "40",
    "--directions",
    "2",
    "--stages",
    "2",
    "--clip",
    "4",
  ],
  "--json",
];

test("through the command: a shortened ledger is exit code 6 and changes nothing; --charge-lost-steps spends no less", async () => {
  const out = newOut();
  const command = ["train", "--model", base, "--data", data, "--out", out, ...flags];
  const first = await dpzo(...command);
  expect(first.code, first.stderr).toBe(0);
  const spent = JSON.parse(first.stdout) as RunMetrics;
  const whole = bytesOf(ledgerOf(out));
  const weights = bytesOf(join(out, "model", "model.safetensors"));
  const cut = firstSteps(whole, 2);
  writeFileSync(ledgerOf(out), cut);

  const refused = await dpzo(...command);
  expect([refused.code, refused.stdout]).toEqual([6, ""]);
  expect(refused.stderr).toContain("[ledger-behind]");
  expect(refused.stderr).toContain("--charge-lost-steps");
  for (const bytes of [whole, new TextEncoder().encode(cut)]) {
    expect(refused.stderr).toContain(parseLedger(bytes).hash);
  }
  expect(readFileSync(ledgerOf(out), "utf8")).toBe(cut);
  expect(bytesOf(join(out, "model", "model.safetensors"))).toEqual(weights);

  const charged = await dpzo(...command, "--charge-lost-steps");
  expect(charged.code, charged.stderr).toBe(0);
  expect(JSON.parse(charged.stdout)).toMatchObject({ steps, lostSteps: 4, epsilon: spent.epsilon });
  const verified = JSON.parse(
    (await dpzo("verify", "--ledger", ledgerOf(out), "--json")).stdout,
  ) as RunMetrics;
  expect(verified).toMatchObject({ valid: true, steps, lostSteps: 4, epsilon: spent.epsilon });
  const replayed = join(folder, "replayed");
  await dpzo("replay", "--base", base, "--ledger", ledgerOf(out), "--out", replayed);
  expect(bytesOf(join(replayed, "model.safetensors"))).toEqual(
    bytesOf(join(out, "model", "model.safetensors")),
  );
  // The whole ledger, put back, is complete: there is nothing left to release.
  writeFileSync(ledgerOf(out), whole);
  const restored = await dpzo(...command);
  expect(restored.code, restored.stderr).toBe(0);
  expect(bytesOf(join(out, "model", "model.safetensors"))).toEqual(weights);
});

test("through the command: a ledger that is removed ends in exit code 6, and leaves the folder as it is", async () => {
  const out = newOut();
  const command = ["train", "--model", base, "--data", data, "--out", out, ...flags];
  expect((await dpzo(...command)).code).toBe(0);
  rmSync(ledgerOf(out));
  const left = readdirSync(out);
  const { code, stderr } = await dpzo(...command);
  expect(code).toBe(6);
  expect(stderr).toContain("[ledger-gone]");
  expect(readdirSync(out)).toEqual(left);
});
