import { mkdirSync, writeFileSync } from "node:fs";

import { expect, test } from "vitest";

import type { LedgerEntry } from "../ledger/index.js";
import { noiseDeviation } from "../plan/noise.js";
import { type Plan, planSchema } from "../plan/plan.js";
import { detection } from "./guarantee.js";
import { renderReport, type ReportInput } from "./index.js";

// Everything here is synthetic, for tests only. DPZO_REPORT_OUT=folder keeps the pages to look at.

interface Shape {
  readonly stages?: readonly number[];
  readonly directions?: number;
  readonly signal?: number;
  readonly isLost?: (step: number) => boolean;
}

function syntheticPlan({ stages = [71, 142, 287], directions = 32 }: Shape = {}): Plan {
  return planSchema.parse({
    format: "dpzo-plan/1",
    method: "dp-zoso",
    base: { architecture: "bert", digest: "ab".repeat(32) },
    task: {
      template: "{text} this is {mask}.",
      labels: ["ham", "spam"],
      labelWords: ["work", "advertising"],
      maximumTokens: 64,
    },
    privacy: {
      unit: "record",
      neighbouring: "add-or-remove-one",
      publicSize: 4772,
      targetEpsilon: 4,
      delta: 1e-5,
      epsilon: 3.99912,
    },
    sampling: { kind: "poisson", expectedBatch: 256, numerator: 230406870, denominator: 2 ** 32 },
    mechanism: { kind: "discrete-gaussian", latticeSensitivity: 2 ** 20, standardDeviation: 1432109 },
    directions: { distribution: "gaussian", runSeed: "0f".repeat(32) },
    stages: stages.map((steps, index) => ({
      steps,
      learningRate: 0.1 / 2 ** index,
      smoothing: 0.01 * 0.31622776601683794 ** index,
      directions,
      clipThreshold: 60 / (1 + index),
      proximal: 0.001,
      train: "head",
      tensors: ["head.dense.weight", "head.dense.bias", "head.norm.weight", "head.norm.bias"],
    })),
  });
}

function syntheticEntries(plan: Plan, { signal = 1.5, isLost = () => false }: Shape = {}): LedgerEntry[] {
  let state = 2024;
  const uniform = (): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return (state + 0.5) / 2 ** 32;
  };
  const gaussian = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const entries: LedgerEntry[] = [];
  for (const [stage, { steps, directions }] of plan.stages.entries()) {
    for (let index = 0; index < steps; index += 1) {
      const step = entries.length + 1;
      const scale = noiseDeviation(plan.mechanism) * Math.hypot(1, signal * Math.exp(-step / 60));
      const values = Array.from({ length: directions }, () => Math.round(gaussian() * scale));
      entries.push(isLost(step) ? { step, stage, lost: true } : { step, stage, values });
    }
  }
  return entries;
}

function syntheticInput(shape: Shape = {}, changes: Partial<ReportInput> = {}): ReportInput {
  const plan = changes.plan ?? syntheticPlan(shape);
  const total = plan.stages.reduce((sum, { steps }) => sum + steps, 0);
  return {
    plan,
    entries: syntheticEntries(plan, shape),
    epsilonCurve: Array.from({ length: 24 }, (_, index) => ({
      step: Math.round((total * (index + 1)) / 24),
      epsilon: 0.9 + 3.09912 * Math.sqrt((index + 1) / 24),
    })),
    epsilonLower: 3.99871,
    evaluation: {
      description: "SpamAssassin mails held out by a hash of their text (synthetic example)",
      count: 1000,
      zeroShot: { accuracy: 0.722, macroF1: 0.431 },
      final: { accuracy: 0.909, macroF1: 0.884 },
      largerClass: 0.72,
      perClass: [
        { label: "ham", count: 720, zeroShotRecall: 0.99, finalRecall: 0.95 },
        { label: "spam", count: 280, zeroShotRecall: 0.03, finalRecall: 0.81 },
      ],
    },
    ledgerHash: "c4".repeat(32),
    baseName: "minilm-mlm",
    runtime: { name: "onnxruntime-node", version: "1.30.0" },
    verifyCommand: "npx dpzo verify --ledger runs/demo/ledger.jsonl --base models/minilm-mlm",
    replayCommand:
      "npx dpzo replay --base models/minilm-mlm --ledger runs/demo/ledger.jsonl --out runs/replayed",
    versions: { dpzo: "0.1.0", node: "20.20.0" },
    ...changes,
  };
}

function rendered(name: string, input: ReportInput): string {
  const page = renderReport(input);
  const folder = process.env["DPZO_REPORT_OUT"];
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${name}.html`, page);
  }
  return page;
}

interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** A strict reader of tags: every element closed in order, every attribute quoted and there once. */
function tagsOf(page: string): readonly Tag[] {
  const open: string[] = [];
  const tags: Tag[] = [];
  const body = page.replace(/^<!DOCTYPE html>/u, "").replace(/<style>[^<]*<\/style>/u, "<style></style>");
  expect(body.replace(/<[^<>]*>/gu, "")).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#39|#96);)/u);
  for (const [whole] of body.matchAll(/<[^<>]*>/gu)) {
    const closing = /^<\/([a-z0-9]+)>$/u.exec(whole);
    if (closing !== null) {
      expect(open.pop(), whole).toBe(closing[1]);
      continue;
    }
    const shape = /^<([a-z0-9]+)((?: [a-zA-Z-]+[0-9]?="[^"]*")*)( \/)?>$/u.exec(whole);
    expect(shape, `not a tag: ${whole.slice(0, 200)}`).not.toBeNull();
    const pairs = [...(shape?.[2] ?? "").matchAll(/ ([a-zA-Z0-9-]+)="([^"]*)"/gu)].map(
      ([, name, value]) => [name!, value!] as const,
    );
    const attributes = new Map(pairs);
    expect(attributes.size).toBe(pairs.length);
    tags.push({ name: shape![1]!, attributes });
    if (shape?.[3] === undefined) open.push(shape![1]!);
  }
  expect(open).toEqual([]);
  return tags;
}

const withClass = (page: string, name: string): readonly Tag[] =>
  tagsOf(page).filter(({ attributes }) => attributes.get("class") === name);

/** The page as it is read, without tags, in one line. */
const textOf = (page: string): string =>
  page
    .replace(/<(style|desc|title)[\s\S]*?<\/\1>/gu, "")
    .replace(/<[^>]*>/gu, "")
    .replace(/\s+/gu, " ");

test("a usual run: well-formed, self-contained, and says what it guarantees", () => {
  const page = rendered("usual", syntheticInput({ isLost: (step) => step === 120 || step === 300 }));
  const tags = tagsOf(page);
  const text = textOf(page);
  expect(text).toContain("epsilon = 4.000 and delta = 0.00001");
  expect(text).toContain("minilm-mlm was fine-tuned on 4,772 private records (a public figure) in 500 steps");
  expect(text).toContain("accuracy went from 72.2 % to 90.9 %");
  expect(text).toContain("2 steps were lost in a crash");
  expect(text).toContain("npx dpzo verify --ledger runs/demo/ledger.jsonl");
  expect(text).toContain("npx dpzo replay --base models/minilm-mlm");
  expect(text).toContain("c4".repeat(32));
  expect(text).toContain("upper bound is 4.000 and its lower bound 3.998");
  expect(text).toContain("of steps leave the band");
  expect(text).not.toMatch(/undefined|NaN|\[object/u);
  expect(new Set(tags.map(({ name }) => name))).not.toContain("script");
  const ids = tags.flatMap(({ attributes }) => attributes.get("id") ?? []);
  expect(new Set(ids).size).toBe(ids.length);
});

test("it computes nothing from the clock: the same input gives the same page", () => {
  expect(renderReport(syntheticInput())).toBe(renderReport(syntheticInput()));
});

test("nothing is fetched: no script, no link, no address in any attribute, and a policy that forbids both", () => {
  const page = renderReport(syntheticInput());
  expect(page).not.toMatch(/<script|<link|<img|<iframe|javascript:|@import|url\(/iu);
  for (const { attributes } of tagsOf(page)) {
    for (const [name, value] of attributes) {
      expect(name).not.toMatch(/^(?:on|src|href|xlink|action|srcset|style$)/u);
      expect(value).not.toMatch(/https?:/u);
    }
  }
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
});

test("light, dark and print have their styles", () => {
  const page = renderReport(syntheticInput());
  expect(page).toContain("@media (prefers-color-scheme: dark)");
  expect(page).toContain("@media print");
});

test("every picture has a title and a description", () => {
  const tags = tagsOf(renderReport(syntheticInput()));
  const pictures = tags.filter(({ name }) => name === "svg");
  const ids = new Set(tags.map(({ attributes }) => attributes.get("id")));
  expect(pictures).toHaveLength(4);
  for (const { attributes } of pictures) {
    expect(attributes.get("role")).toBe("img");
    for (const id of attributes.get("aria-labelledby")!.split(" ")) expect(ids).toContain(id);
  }
});

test("stage boundaries are drawn between stages in both pictures over steps", () => {
  expect(withClass(renderReport(syntheticInput()), "stage-boundary")).toHaveLength(2 * 2);
  const many = syntheticInput({ stages: Array.from({ length: 20 }, (_, index) => 1 + index) });
  expect(withClass(rendered("many-stages", many), "stage-boundary")).toHaveLength(2 * 19);
});

test("the guarantee names everything it does not cover", () => {
  const text = textOf(renderReport(syntheticInput()));
  for (const limit of [
    "The number of records",
    "Choices made by looking at private data",
    "What is published elsewhere",
    "Several runs on the same records",
    "Groups of related records",
    "The test set",
    "Time",
    "The machine itself",
  ]) {
    expect(text.slice(text.indexOf("What it does not cover"))).toContain(limit);
  }
  expect(text).toContain("for two records together it is epsilon 7.999 at delta 0.00056");
});

/** A plan with everything that format 2 can say of a stage. */
function fullPlan(): Plan {
  const plain = syntheticPlan();
  return planSchema.parse({
    ...plain,
    format: "dpzo-plan/2",
    method: "dp-zopo",
    adapter: { kind: "lora", rank: 8, alpha: 16, modules: ["query", "value"], blocks: 2 },
    shrinkage: { rule: "sage", decay: 0.9, warmup: 20, least: 0.1 },
    stages: plain.stages.map((stage) => ({
      ...stage,
      smoothingUnit: "displacement",
      estimator: "one-sided",
      clip: "per-scalar",
      sampling: { expectedBatch: 33, numerator: 12_345_678 },
      mask: {
        score: "synflow",
        strategy: "grow",
        granularity: "row",
        ratio: 0.01,
        floor: 0.1,
        rankWeights: { high: 1.2, low: 0.8 },
        queries: 32,
      },
    })),
  });
}

function unitPlan(column = "user"): Plan {
  const plan = syntheticPlan();
  return planSchema.parse({ ...plan, format: "dpzo-plan/2", privacy: { ...plan.privacy, unit: { column } } });
}

function adaptivePlan(): Plan {
  const plan = syntheticPlan({ stages: [30] });
  const adaptiveClip = { quantile: 0.5, rate: 0.2, countSensitivity: 2 ** 17 };
  return planSchema.parse({
    ...plan,
    format: "dpzo-plan/2",
    stages: plan.stages.map((stage) => ({ ...stage, adaptiveClip })),
  });
}

test("where the clip follows a quantile its count is not taken for a difference, and where it has come to is told", () => {
  const plan = adaptivePlan();
  const entries = Array.from({ length: 30 }, (_, at) => ({
    step: at + 1,
    stage: 0,
    values: [...Array<number>(32).fill(at % 2 === 0 ? 1_500_000 : -1_500_000), -256 * 2 ** 17],
  }));
  const text = textOf(rendered("adaptive", syntheticInput({}, { plan, entries })));
  expect(text).toContain("follows this quantile of the norms0.5");
  // No record was within, 30 times: 60 x 1.1^30.
  expect(text).toContain("the threshold it has come to1,046.96");
  expect(text).toContain("33 noised integers a step");
  expect(text).toContain("in units of the clip with which its stage starts");
  expect(text).toContain("at a clip threshold that follows the 0.5 quantile");
  const short = entries.map(({ values, ...entry }) => ({ ...entry, values: values.slice(1) }));
  expect(() => renderReport(syntheticInput({}, { plan, entries: short }))).toThrow("32 values");
});

test.each([syntheticPlan(), fullPlan(), unitPlan(), adaptivePlan()])(
  "every field of the plan stands in the plan's tables",
  (plan) => {
    const input = syntheticInput({}, { plan, ...(plan.stages[0]?.adaptiveClip && { entries: [] }) });
    const fields = new Set(
      tagsOf(renderReport(input)).flatMap(({ attributes }) => attributes.get("data-field") ?? []),
    );
    const leaves = (value: unknown, path: readonly string[]): string[] =>
      typeof value !== "object" || value === null || (Array.isArray(value) && typeof value[0] === "string")
        ? [path.join(".")]
        : Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
    expect(leaves(plan, []).filter((field) => !fields.has(field))).toEqual([]);
  },
);

test("masks are told by their size and hash, a clip each and its batches in the guarantee", () => {
  const digest = "ab".repeat(32);
  const plan = fullPlan();
  const page = rendered("masks", syntheticInput({}, { plan, masks: [{ stage: 0, weights: 1486, digest }] }));
  const text = textOf(page);
  expect(text).toContain("stage 1, weights that its mask kept1,486");
  expect(text).toContain(digest);
  expect(text).toContain("are clipped each on its own");
  expect(textOf(renderReport(syntheticInput()))).not.toContain("Beyond the plain schedule");
});

test("Laplace noise has its own band, density and words", () => {
  const mechanism = { kind: "discrete-laplace", latticeSensitivity: 2 ** 20, scale: 2 ** 21 } as const;
  const plain = syntheticPlan({ directions: 1 });
  const plan = planSchema.parse({ ...plain, format: "dpzo-plan/2", method: "dp-zo", mechanism });
  const page = rendered("laplace", syntheticInput({ directions: 1 }, { plan }));
  expect(textOf(page)).toContain("discrete Laplace noise with a standard deviation of 2.8284 times");
  expect(textOf(page)).toContain("scale of the Laplace noise in lattice units");
  expect(textOf(page)).not.toMatch(/Gaussian|undefined|NaN/u);
});

test("where the unit is a column's, no sentence promises anything to a record", () => {
  const page = rendered("units", syntheticInput({}, { plan: unitPlan() }));
  const text = textOf(page);
  const meaning = "all records that share one value of the column user";
  expect(text).toContain(`4,772 private units (a public figure; a unit is ${meaning})`);
  expect(text).toContain(`one unit more than the other (add-or-remove-one), where a unit is ${meaning}, and`);
  expect(text).toContain(`Each single unit: ${meaning}; whether they took part, how many they are, and`);
  expect(text).toContain("a drawn unit's differences of mean losses are clipped as one vector");
  expect(text).toContain("number of units (public)4,772");
  expect(text).not.toMatch(/(one|single|given|number of|every|each|two|drawn|private) records?\b/iu);
  const ofRecords = textOf(renderReport(syntheticInput()));
  expect(ofRecords).toContain("differences of losses are clipped as one vector");
  expect(ofRecords).not.toMatch(/\bunits?\b(?! (of a direction|to the clip))/u);
});

test("hostile strings stay text", () => {
  const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)> & \u202egnp.exe </style></svg> {mask}`;
  const base = syntheticInput();
  const input: ReportInput = {
    ...base,
    plan: {
      ...base.plan,
      base: { ...base.plan.base, architecture: hostile },
      privacy: { ...base.plan.privacy, unit: { column: hostile } },
      task: { ...base.plan.task, template: hostile, labels: [hostile, "b"], labelWords: [hostile, "c"] },
      stages: base.plan.stages.map((stage) => ({ ...stage, train: hostile, tensors: [hostile] })),
    },
    evaluation: {
      ...base.evaluation!,
      description: hostile,
      perClass: [{ label: hostile, count: 1, zeroShotRecall: 0, finalRecall: 1 }],
    },
    baseName: hostile,
    ledgerHash: hostile,
    runtime: { name: hostile, version: hostile },
    verifyCommand: hostile,
    replayCommand: hostile,
    versions: { [hostile]: hostile },
  };
  const page = rendered("hostile", input);
  const names = (text: string): string[] => tagsOf(text).map(({ name }) => name);
  expect(new Set(names(page))).toEqual(new Set(names(renderReport(base))));
  expect(page.match(/<style>/gu)).toHaveLength(1);
  expect(page).not.toContain("\u202e");
  expect(page).toContain("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
});

test("K = 1: signed values around zero", () => {
  const page = rendered(
    "one-direction",
    syntheticInput({ directions: 1, isLost: (step) => step % 40 === 0 }),
  );
  expect(textOf(page)).toContain("released value (differences of loss, summed over the batch)");
  tagsOf(page);
});

test("a single stage has no boundaries and no table of stages' releases", () => {
  const page = rendered("single-stage", syntheticInput({ stages: [60], signal: 0 }));
  expect(withClass(page, "stage-boundary")).toHaveLength(0);
  expect(textOf(page)).toContain("the releases look like noise");
});

test("one step, without evaluation", () => {
  const { evaluation, ...input } = syntheticInput({ stages: [1] });
  expect(evaluation).toBeDefined();
  const page = rendered("one-step", input);
  expect(textOf(page)).toContain("in 1 step of DP-ZOSO");
  expect(textOf(page)).not.toContain("public test data");
  tagsOf(page);
});

test("all steps lost: charged, nothing to show, no figure made up", () => {
  const page = rendered("all-lost", syntheticInput({ isLost: () => true }));
  expect(textOf(page)).toContain("No step was released");
  expect(textOf(page)).not.toMatch(/undefined|NaN/u);
  expect(withClass(page, "band")).toHaveLength(1);
  expect(withClass(page, "bars")).toHaveLength(0);
});

test("a run that stopped early says so and claims the plan's epsilon", () => {
  const input = syntheticInput();
  const page = rendered("stopped", { ...input, entries: input.entries.slice(0, 100) });
  expect(textOf(page)).toContain("in 100 of 500 planned steps");
  expect(textOf(page)).toContain("The ledger holds 100 of 500 planned steps");
  expect(textOf(page)).toContain("epsilon = 4.000");
  tagsOf(page);
});

test("10,000 steps stay far below 1 MB", () => {
  const input = syntheticInput({ stages: [1428, 2857, 5715], isLost: (step) => step % 5 === 0 });
  const page = rendered("long", input);
  expect(page.length).toBeLessThan(200_000);
  expect(textOf(page)).toContain("16 neighbouring steps");
  tagsOf(page);
});

test("an entry that is not the plan's is refused", () => {
  const input = syntheticInput();
  const entries = [{ step: 1, stage: 2, values: [1] }];
  expect(() => renderReport({ ...input, entries })).toThrow(
    expect.objectContaining({ code: "entry-outside-plan" }) as Error,
  );
});

test("detection of a member is bounded by the trade-off that (epsilon, delta) implies", () => {
  expect(detection(0, 0, 0.05)).toBeCloseTo(0.05, 12);
  expect(detection(1, 0, 0.05)).toBeCloseTo(Math.E * 0.05, 12);
  expect(detection(4, 1e-5, 0.001)).toBeCloseTo(Math.exp(4) * 0.001 + 1e-5, 12);
  expect(detection(4, 0, 0.05)).toBeCloseTo(1 - Math.exp(-4) * 0.95, 12);
});
