/** The flags, exit codes and answers that scripts rely on, through the built command on the tiny model. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { dpzo, ended, ensureBuilt, startDpzo, type CommandResult } from "./support/built-cli.js";
import { jsonLines, tinyModel, tinyRecords, writeToDisk } from "./support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-cli-"));
const base = join(folder, "base");
const data = join(folder, "train.jsonl");
const publicData = join(folder, "public.csv");
const out = join(folder, "run");
const ledger = join(out, "ledger.jsonl");

const task = [
  "--template",
  "{text} it was {mask} .",
  "--label-words",
  "terrible,great",
  "--maximum-tokens",
  "32",
];
const columns = ["--text", "text", "--label", "label"];
// A budget at which the accountant is quick.
const settings = [
  ...["--method", "dp-zoso", "--epsilon", "1000", "--delta", "1e-5", "--steps", "7", "--batch", "24"],
  ...["--learning-rate", "0.05", "--clip", "4", "--smoothing", "0.01", "--stages", "2", "--seed", "3"],
  ...["--directions", "3"],
];

function train(outFolder: string, ...more: string[]): string[] {
  return [
    ...["train", "--model", base, "--data", data, "--out", outFolder],
    ...[...columns, ...task, ...settings, ...more],
  ];
}

/** The one JSON object on stdout, which nothing else may stand beside. */
function answerOf({ stdout }: CommandResult): Record<string, unknown> {
  expect(stdout).toMatch(/^\{.*\}\n$/u);
  return JSON.parse(stdout) as Record<string, unknown>;
}

let finished: CommandResult;

beforeAll(async () => {
  await ensureBuilt();
  writeToDisk(tinyModel(), base);
  writeFileSync(data, jsonLines(tinyRecords(24)));
  const rows = tinyRecords(10, 2).map(({ text, label }) => `${text},${String(label)}\n`);
  writeFileSync(publicData, `text,label\n${rows.join("")}`);
  finished = await dpzo(...train(out, "--eval-data", publicData, "--json"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("train leaves model, ledger, report and metrics, and --json is the one object on stdout", () => {
  expect(finished.code, finished.stderr).toBe(0);
  expect(answerOf(finished)).toMatchObject({ delta: 1e-5, steps: 7, plannedSteps: 7, finished: true, out });
  expect(
    readdirSync(out)
      .filter((name) => !name.startsWith("."))
      .sort(),
  ).toEqual(["ledger.jsonl", "metrics.json", "model", "report.html"]);
  expect(readdirSync(join(out, "model"))).toEqual(
    expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]),
  );
  expect(readFileSync(join(out, "report.html"), "utf8")).toMatch(/<\/html>\s*$/u);
});

test("metrics.json holds base, zeroShot, final, epsilon, delta, steps, seconds and peakMemoryBytes", () => {
  const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as Record<string, unknown>;
  const scores = { accuracy: expect.any(Number) as number, macroF1: expect.any(Number) as number };
  expect(metrics).toMatchObject({ base: "base", zeroShot: scores, final: scores, delta: 1e-5, steps: 7 });
  for (const key of ["epsilon", "seconds", "peakMemoryBytes"])
    expect(metrics[key]).toEqual(expect.any(Number));
  expect(metrics["epsilon"]).toBeLessThanOrEqual(1000);
});

test("a finished run, run again, spends nothing and changes no byte of ledger or weights", async () => {
  const before = readFileSync(ledger);
  const weights = readFileSync(join(out, "model/model.safetensors"));
  const again = await dpzo(...train(out, "--eval-data", publicData, "--json"));
  expect(again.code, again.stderr).toBe(0);
  expect(readFileSync(ledger).equals(before)).toBe(true);
  expect(readFileSync(join(out, "model/model.safetensors")).equals(weights)).toBe(true);
  expect(answerOf(again)["epsilon"]).toBe(answerOf(finished)["epsilon"]);
});

test("another configuration on the same --out is refused with exit code 7, naming what differs", async () => {
  const before = readFileSync(ledger);
  for (const [flag, value, what] of [
    ["--learning-rate", "0.06", "stages"],
    ["--seed", "4", "directions"],
    ["--epsilon", "900", "privacy"],
  ] as const) {
    const { code, stderr, stdout } = await dpzo(...train(out, flag, value, "--json"));
    expect(code, flag).toBe(7);
    expect(stderr, flag).toContain("[plan-mismatch]");
    expect(stderr, flag).toContain(what);
    expect(stdout).toBe("");
  }
  expect(readFileSync(ledger).equals(before)).toBe(true);
});

test("eval answers accuracy and count, and the trained model's are those of metrics.json", async () => {
  const flags = ["--data", publicData, ...columns, ...task, "--json"];
  const answer = answerOf(await dpzo("eval", "--model", join(out, "model"), ...flags));
  const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as {
    final: { accuracy: number };
  };
  expect(answer).toMatchObject({ accuracy: metrics.final.accuracy, count: 10 });
});

test("replay writes the byte-identical checkpoint folder", async () => {
  const replayed = join(folder, "replayed");
  const result = await dpzo("replay", "--base", base, "--ledger", ledger, "--out", replayed, "--json");
  expect(result.code, result.stderr).toBe(0);
  answerOf(result);
  const names = readdirSync(replayed).sort();
  expect(names).toEqual(readdirSync(join(out, "model")).sort());
  for (const name of names) {
    const same = readFileSync(join(replayed, name)).equals(readFileSync(join(out, "model", name)));
    expect(same, name).toBe(true);
  }
});

test("replay refuses to write over the base, and another base", async () => {
  const over = await dpzo("replay", "--base", base, "--ledger", ledger, "--out", base);
  expect(over.code).toBe(2);
  const other = writeToDisk(
    tinyModel((name, values) => {
      if (name === "cls.predictions.bias") values[0] = 9;
    }),
    join(folder, "other-base"),
  );
  const wrong = join(folder, "wrong");
  const result = await dpzo("replay", "--base", other, "--ledger", ledger, "--out", wrong);
  expect(result.code).toBe(6);
  expect(result.stderr).toContain("[base-mismatch]");
  expect(existsSync(wrong)).toBe(false);
});

test("verify says valid, epsilon, delta and steps, with and without the base", async () => {
  for (const more of [[], ["--base", base]]) {
    const result = await dpzo("verify", "--ledger", ledger, ...more, "--json");
    expect(result.code, result.stderr).toBe(0);
    const answer = answerOf(result);
    expect(answer).toMatchObject({ valid: true, delta: 1e-5, steps: 7, baseChecked: more.length > 0 });
    expect(answer["epsilon"]).toBe(answerOf(finished)["epsilon"]);
  }
});

test("verify of an edited ledger answers valid: false with line and byte, and exits with 6", async () => {
  const bytes = readFileSync(ledger);
  const edited = join(folder, "edited.jsonl");
  const lineStarts = [0, ...[...bytes.keys()].filter((i) => bytes[i - 1] === 10)];
  for (const line of [1, 2, 5, 8]) {
    const copy = Buffer.from(bytes);
    // A digit inside the line, changed to another digit.
    const start = lineStarts[line - 1]!;
    const at =
      start +
      copy
        .subarray(start)
        .toString("latin1")
        .search(line === 1 ? /"steps":\d/u : /"values":\[-?\d/u);
    const digit = at + (/\d/u.exec(copy.subarray(at).toString("latin1"))?.index ?? 0);
    copy[digit] = copy[digit] === 0x35 ? 0x36 : 0x35;
    writeFileSync(edited, copy);
    const result = await dpzo("verify", "--ledger", edited, "--json");
    expect(result.code).toBe(6);
    const answer = answerOf(result);
    expect(answer).toMatchObject({ valid: false, line });
    if (line > 1) expect(answer["byte"]).toBeGreaterThanOrEqual(start);
  }
});

test("doctor describes the model, and exits with 1 when golden logits are not met", async () => {
  const good = await dpzo("doctor", "--model", base, "--json");
  expect(good.code, good.stderr).toBe(0);
  expect(answerOf(good)).toMatchObject({ architecture: "bert", selfTest: "passed" });
  expect(answerOf(good)["parameters"]).toBeGreaterThan(1000);

  const golden = join(folder, "golden.json");
  const vocabulary = tinyModelVocabularySize();
  writeFileSync(
    golden,
    JSON.stringify({
      input_ids: [[2, 9, 3]],
      attention_mask: [[1, 1, 1]],
      logits_shape: [1, 3, vocabulary],
      logits_f32le_base64: Buffer.alloc(4 * 3 * vocabulary).toString("base64"),
    }),
  );
  const bad = await dpzo("doctor", "--model", base, "--golden", golden, "--json");
  expect(bad.code).toBe(1);
  expect(answerOf(bad)["maxAbsDiff"]).toBeGreaterThan(1e-4);
});

function tinyModelVocabularySize(): number {
  return (JSON.parse(readFileSync(join(base, "config.json"), "utf8")) as { vocab_size: number }).vocab_size;
}

const rate = ["--sampling-rate", "0.1", "--steps", "50", "--delta", "1e-5", "--json"];

test("account answers epsilon between two bounds, for one phase or several", async () => {
  const one = answerOf(await dpzo("account", "--noise-multiplier", "1.8", ...rate));
  expect(one["epsilon"]).toBeGreaterThan(0);
  expect(one["epsilonLower"]).toBeLessThanOrEqual(one["epsilon"] as number);
  expect(one["epsilonLower"]).toBeGreaterThan(0.999 * (one["epsilon"] as number));
  const phases = ["--phase", "0.1,1.8,20", "--phase", "0.1,1.8,30", "--delta", "1e-5", "--json"];
  expect(answerOf(await dpzo("account", ...phases))["epsilon"]).toBeCloseTo(one["epsilon"] as number, 3);
});

const gaussianRun = ["--noise-multiplier", "2", "--sampling-rate", "0.1", "--steps", "50"];

test("account at delta 0 gives the pure epsilon where there is one and says so where there is none", async () => {
  const pure = ["--mechanism", "laplace", ...gaussianRun, "--delta", "0", "--json"];
  const expected = 50 * Math.log1p(0.1 * Math.expm1(1 / 2));
  const answer = answerOf(await dpzo("account", ...pure));
  expect(answer["epsilon"]).toBeCloseTo(expected, 9);
  expect(answer["epsilonLower"]).toBeCloseTo(expected, 9);
  const none = await dpzo("account", ...gaussianRun, "--delta", "0", "--json");
  expect(answerOf(none)).toMatchObject({ epsilon: "Infinity", epsilonLower: "Infinity", pure: false });
  expect((await dpzo("account", ...gaussianRun, "--delta", "0")).stdout).toContain("no pure epsilon");
});

test("account takes lattice noise, the Renyi accountant, groups and dp_accounting's events", async () => {
  const at = async (...flags: string[]): Promise<number> =>
    answerOf(await dpzo("account", ...flags, "--delta", "1e-5", "--json"))["epsilon"] as number;
  const plain = await at(...gaussianRun);
  const lattice = [
    "--standard-deviation",
    "2000",
    "--sensitivity",
    "1000",
    "--sampling-rate",
    "0.1",
    "--steps",
    "50",
  ];
  expect(await at("--mechanism", "discrete-gaussian", ...lattice)).toBeCloseTo(plain, 3);
  expect(await at("--accountant", "rdp", ...gaussianRun)).toBeGreaterThan(plain);
  expect(await at("--group", "2", ...gaussianRun)).toBeGreaterThan(plain);
  const file = join(folder, "event.json");
  const told = answerOf(await dpzo("account", ...gaussianRun, "--delta", "1e-5", "--json"));
  for (const event of [told["event"], told["dpAccountingEvent"]]) {
    writeFileSync(file, JSON.stringify(event));
    expect(await at("--event", file)).toBe(plain);
  }
});

test("account reads a ledger and a training configuration, answers the curve and draws it", async () => {
  const verified = answerOf(await dpzo("verify", "--ledger", ledger, "--json"));
  const picture = join(folder, "curve.svg");
  const answer = answerOf(await dpzo("account", "--ledger", ledger, "--curve", "--svg", picture, "--json"));
  expect(answer).toMatchObject({ epsilon: verified["epsilon"], delta: verified["delta"] });
  const curve = answer["curve"] as { delta: number; epsilon: number }[];
  expect(curve.length).toBeGreaterThanOrEqual(12);
  for (const [index, point] of curve.slice(1).entries()) {
    expect(point.epsilon).toBeLessThanOrEqual((curve[index]?.epsilon ?? 0) * (1 + 1e-4));
  }
  expect(readFileSync(picture, "utf8")).toMatch(/^<svg [^]*<polyline [^]*<\/svg>\n$/u);
  const config = join(folder, "train.json");
  const names = [...columns, ...task, ...settings, "--public-size", "24", "--model", base];
  const pairs = Array.from({ length: names.length / 2 }, (_, i) => [
    names[2 * i]?.slice(2),
    names[2 * i + 1],
  ]);
  const numeric = (value = ""): unknown =>
    value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
  const entries = pairs.map(([key, value]) => [key, numeric(value)]);
  writeFileSync(config, JSON.stringify(Object.fromEntries(entries)));
  expect(answerOf(await dpzo("account", "--config", config, "--json"))["epsilon"]).toBe(verified["epsilon"]);
});

test("account refuses what leaves something open, by name", async () => {
  const cases = [
    ["--noise-multiplier", "1", "--steps", "10", "--delta", "1e-5"],
    ["--phase", "0.1,1", "--delta", "1e-5"],
    ["--phase", "0.1,1,10", "--steps", "10", "--delta", "1e-5"],
    ["--mechanism", "discrete-gaussian", "--standard-deviation", "4", "--delta", "1e-5"],
    [...gaussianRun],
    [...gaussianRun, "--delta", "NaN"],
  ];
  for (const flags of cases) {
    const result = await dpzo("account", ...flags, "--json");
    expect(result.code, flags.join(" ")).toBe(2);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("[usage]");
  }
});

test("calibrate solves for whichever of noise, steps and rate is missing", async () => {
  const target = ["--epsilon", "2", "--delta", "1e-5", "--json"];
  const steps = answerOf(
    await dpzo("calibrate", ...target, "--noise-multiplier", "2", "--sampling-rate", "0.1"),
  );
  expect(steps["solved"]).toBe("steps");
  expect(Number.isInteger(steps["steps"])).toBe(true);
  const rateOf = answerOf(await dpzo("calibrate", ...target, "--noise-multiplier", "2", "--steps", "50"));
  expect(rateOf["solved"]).toBe("samplingRate");
  for (const { epsilon } of [steps, rateOf] as { epsilon: number }[]) {
    expect(epsilon).toBeLessThanOrEqual(2);
    expect(epsilon).toBeGreaterThan(1.8);
  }
  expect((await dpzo("calibrate", ...target, "--steps", "50")).code).toBe(2);
});

test("plan with a compute budget answers alternatives that keep it", async () => {
  const budget = ["--forward-passes", "1e6", "--public-size", "1024", "--epsilon", "2", "--delta", "1e-5"];
  const answer = answerOf(await dpzo("plan", ...budget, "--json"));
  const best = answer["best"] as { forwardPasses: number; batch: number };
  expect(best.forwardPasses).toBeLessThanOrEqual(1e6);
  expect((await dpzo("plan", ...budget)).stdout).toContain(`about ${best.batch} a step`);
});

test("calibrate lands on the safe side: account of its noise multiplier is within the budget, and close to it", async () => {
  const calibrated = answerOf(await dpzo("calibrate", "--epsilon", "2", ...rate));
  const noise = String(calibrated["noiseMultiplier"]);
  const account = answerOf(await dpzo("account", "--noise-multiplier", noise, ...rate));
  expect(account["epsilon"]).toBeLessThanOrEqual(2);
  expect(account["epsilon"]).toBeGreaterThan(1.99);
});

test("plan prints the plan and epsilon and needs no data where --public-size is given", async () => {
  const flags = [...columns, ...task, ...settings, "--public-size", "24", "--json"];
  const result = await dpzo("plan", "--model", base, ...flags);
  expect(result.code, result.stderr).toBe(0);
  expect(answerOf(result)).toMatchObject({ plan: { privacy: { publicSize: 24 } }, delta: 1e-5 });
});

test("--dry-run prints the plan and writes nothing", async () => {
  const nowhere = join(folder, "dry");
  const before = readdirSync(folder).sort();
  const result = await dpzo(...train(nowhere, "--dry-run", "--json"));
  expect(result.code, result.stderr).toBe(0);
  expect(answerOf(result)["epsilon"]).toBeLessThanOrEqual(1000);
  expect(readdirSync(folder).sort()).toEqual(before);
});

test("a --config file gives settings, in either spelling of names, and flags stand over it", async () => {
  const config = join(folder, "config.yaml");
  const lines = [
    `model: ${base}`,
    `data: ${data}`,
    'template: "{text} it was {mask} ."',
    "label-words: terrible,great",
    "maximumTokens: 32",
    "epsilon: 1000",
    "steps: 7",
    "batch: 24",
    "directions: 3",
    "stages: 1",
    "train: [head, last:1]",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const flags = ["train", "--config", config, "--out", join(folder, "configured"), "--dry-run", "--json"];
  const both = await dpzo(...flags, "--stages", "2", "--steps", "5");
  expect(both.code, both.stderr).toBe(0);
  const { plan } = answerOf(both) as {
    plan: { stages: { steps: number; train: string; directions: number }[] };
  };
  expect(plan.stages.map(({ steps }) => steps)).toEqual([1, 4]);
  expect(plan.stages.map(({ train: trained }) => trained)).toEqual(["head", "last:1"]);
  expect(plan.stages[0]!.directions).toBe(3);

  writeFileSync(config, `${lines.join("\n")}\nlearning-rat: 1\n`);
  const unknown = await dpzo(...flags, "--stages", "2");
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("learningRat");
});

test("a data file that is not there exits with 3, names the path, and leaves no run folder", async () => {
  const out = join(folder, "never-begun");
  const result = await dpzo(...train(out, "--data", join(folder, "nowhere.jsonl"), "--json"));
  expect(result.code).toBe(3);
  expect(result.stderr).toContain("nowhere.jsonl");
  expect(existsSync(out)).toBe(false);
});

test("what cannot be understood exits with 2: unknown flag, missing setting, a value out of range, no command", async () => {
  for (const args of [
    train(join(folder, "x"), "--no-such-flag"),
    ["train", "--model", base],
    train(join(folder, "x"), "--epsilon", "-1"),
    train(join(folder, "x"), "--steps", "many"),
    train(join(folder, "x"), "--method", "sgd"),
    ["fly"],
  ]) {
    const { code, stdout, stderr } = await dpzo(...args);
    expect(code, args.join(" ")).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).not.toBe("");
    expect(stderr).not.toContain("unexpected error");
  }
  expect(existsSync(join(folder, "x"))).toBe(false);
});

test("label words that are not one token each exit with 2 and suggest near ones", async () => {
  const { code, stderr } = await dpzo(...train(join(folder, "x"), "--label-words", "terribly,great"));
  expect(code).toBe(2);
  expect(stderr).toContain("terrible");
});

test("a bad row exits with 3 and its line number; a cut safetensors file exits with 4", async () => {
  const bad = join(folder, "bad.jsonl");
  writeFileSync(bad, `${jsonLines(tinyRecords(4))}{"text": 5, "label": "0"}\n`);
  const row = await dpzo(...train(join(folder, "bad-run"), "--data", bad, "--json"));
  expect(row.code).toBe(3);
  expect(row.stderr).toMatch(/line 5 /iu);
  expect(row.stdout).toBe("");
  expect(existsSync(join(folder, "bad-run/ledger.jsonl"))).toBe(false);

  const cut = writeToDisk(tinyModel(), join(folder, "cut"));
  const file = join(cut, "model.safetensors");
  truncateSync(file, statSync(file).size - 10);
  for (const args of [["doctor", "--model", cut], train(join(folder, "cut-run"), "--model", cut)]) {
    const result = await dpzo(...args);
    expect(result.code, result.stderr).toBe(4);
    expect(result.stderr).toContain("model.safetensors");
  }
});

test("SIGINT finishes the step, exits with 130 and says so; the same command goes on", async () => {
  const long = join(folder, "interrupted");
  const args = train(long, "--steps", "200", "--json");
  const child = startDpzo(args);
  const result = ended(child);
  const path = join(long, "ledger.jsonl");
  while (child.exitCode === null && !(existsSync(path) && lineCount(path) > 5)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  child.kill("SIGINT");
  const stopped = await result;
  expect(stopped.code, stopped.stderr).toBe(130);
  const answer = answerOf(stopped);
  expect(answer).toMatchObject({ finished: false, plannedSteps: 200, lostSteps: 0 });
  expect(answer["steps"]).toBe(lineCount(path) - 1);
  expect(readFileSync(path).at(-1)).toBe(10);
  expect(existsSync(join(long, "model"))).toBe(false);

  const copy = join(folder, "interrupted.jsonl");
  copyFileSync(path, copy);
  const rest = await dpzo(...args);
  expect(rest.code, rest.stderr).toBe(0);
  expect(answerOf(rest)).toMatchObject({ finished: true, steps: 200, lostSteps: 0 });
  expect(readFileSync(path).subarray(0, statSync(copy).size).equals(readFileSync(copy))).toBe(true);
});

function lineCount(path: string): number {
  return readFileSync(path).filter((byte) => byte === 10).length;
}

test("plan and --dry-run refuse a label word that is not one token, as train would", async () => {
  const wrong = ["--label-words", "terrible,unbelievably-great", "--public-size", "1000"];
  const plan = await dpzo("plan", "--model", base, ...task, ...settings, ...wrong);
  expect([plan.code, plan.stderr]).toEqual([2, expect.stringContaining("label-word-not-one-token")]);
  const dry = await dpzo(...train(join(folder, "dry"), "--dry-run", ...wrong));
  expect([dry.code, dry.stdout]).toEqual([2, ""]);
});

test("export writes the folder transformers.js loads, and refuses to write over its model", async () => {
  const onnx = join(folder, "onnx");
  const exported = await dpzo("export", "--onnx", "--model", join(out, "model"), "--out", onnx, "--json");
  expect(exported.code, exported.stderr).toBe(0);
  expect(answerOf(exported)).toMatchObject({ out: onnx, architecture: "bert" });
  expect(readdirSync(onnx)).toEqual(expect.arrayContaining(["config.json", "onnx", "tokenizer.json"]));
  expect(readdirSync(join(onnx, "onnx"))).toContain("model.onnx");
  const formless = await dpzo("export", "--model", base, "--out", join(folder, "formless"));
  expect([formless.code, formless.stderr]).toEqual([2, expect.stringContaining("--onnx")]);
  const over = await dpzo("export", "--onnx", "--model", base, "--out", base);
  expect(over.code).not.toBe(0);
  expect(existsSync(join(folder, "formless"))).toBe(false);
});
