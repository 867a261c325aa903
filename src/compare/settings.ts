import * as z from "zod";

import { type Method, methods, trainConfigSchema } from "../plan/index.js";
import { CompareError } from "./errors.js";

/** Settings of `dpzo train` that a comparison decides itself, for all its runs alike. */
const decided = { epsilon: true, delta: true, seed: true, publicSize: true, unit: true } as const;
const candidateSchema = trainConfigSchema.omit(decided).partial();

/**
 * What is compared, by name: for each a list of candidates, of which the best on the dev set is taken. `method` is the
 * name itself where that is a method.
 */
export const variantsSchema = z.record(z.string().min(1), z.array(candidateSchema).min(1));

/** One choice of settings: what `dpzo train` takes, without what the comparison decides. */
export type Candidate = z.input<typeof candidateSchema>;

/** A method with its settings to choose from; `zero-shot` trains nothing. */
export interface Variant {
  readonly name: string;
  readonly method: Method | "zero-shot";
  readonly candidates: readonly Candidate[];
}

const everything = { train: ["blocks"], smoothing: 1e-3, batch: 64, steps: 20_000 };
const headOnly = { train: ["head"], smoothing: 1e-2, batch: 256 };
const many = { directions: 32, steps: 400 };
const largest = { maskScore: "large-magnitude" as const, maskRatio: [0.1] };
/** DP-ZOPO in one stage, which is DP-AggZO on the weights that a mask keeps. */
const masked = {
  method: "dp-zopo" as const,
  ...headOnly,
  smoothing: 0.03,
  ...many,
  ...largest,
  stages: 1,
  clip: 20,
};

/**
 * Candidates for an encoder of about 20 million weights: those of the tables in `docs/experiments/`.
 *
 * `dpzero` and `mezo` train every block, as published; `dpzero-head` is DPZero on what the others train, a far
 * stronger baseline. `dp-aggzo-masked` joins the two that did best: many directions in one stage, on a tenth of the head.
 * It and the baselines have two candidates, the others one, which was chosen by hand on dev.
 */
export const builtInVariants: Readonly<Record<string, readonly Candidate[]>> = {
  mezo: [
    { method: "mezo", ...everything, learningRate: 1e-4 },
    { method: "mezo", ...everything, learningRate: 1e-3 },
  ],
  dpzero: [
    { method: "dpzero", ...everything, learningRate: 1e-4, clip: 150 },
    { method: "dpzero", ...everything, learningRate: 5e-4, clip: 150 },
  ],
  "dpzero-head": [
    { method: "dpzero", ...headOnly, learningRate: 0.06, clip: 10, steps: 2000 },
    { method: "dpzero", ...headOnly, learningRate: 0.02, clip: 10, steps: 4000 },
  ],
  "dp-zoso": [{ method: "dp-zoso", ...headOnly, ...many, stages: 3, learningRate: 0.3, clip: 25 }],
  "dp-zopo": [
    {
      method: "dp-zopo",
      ...headOnly,
      ...many,
      ...largest,
      smoothing: 0.03,
      stages: 3,
      learningRate: 0.7,
      clip: 20,
    },
  ],
  "dp-aggzo": [{ method: "dp-aggzo", ...headOnly, ...many, learningRate: 0.1, clip: 40 }],
  "dp-aggzo-masked": [
    { ...masked, learningRate: 0.25 },
    { ...masked, learningRate: 0.45 },
  ],
};

/**
 * The variants of some names, from a settings file over the built-in ones.
 *
 * @throws {CompareError} `unknown-method`, `bad-settings`.
 */
export function variantsOf(names: readonly string[], own: unknown = {}): readonly Variant[] {
  const parsed = variantsSchema.safeParse(own);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CompareError("bad-settings", {
      message: `The settings at ${issue?.path.join(".") ?? "the top"}: ${issue?.message ?? "not understood"}.`,
      value: issue?.path,
      expected: "for each name a list of settings as dpzo train takes them",
    });
  }
  // As given: parsing would fill in the defaults of `dpzo train`, which depend on the method.
  const given = own as Readonly<Record<string, readonly Candidate[]>>;
  const known = { ...builtInVariants, ...given };
  return names.map((name) => variantOf(name, known));
}

function variantOf(name: string, known: Readonly<Record<string, readonly Candidate[]>>): Variant {
  if (name === "zero-shot") return { name, method: name, candidates: [] };
  const candidates = Object.hasOwn(known, name) ? known[name] : undefined;
  const [first] = candidates ?? [];
  const method = first?.method ?? methods.find((method) => method === name);
  if (candidates === undefined || method === undefined) {
    throw new CompareError("unknown-method", {
      message: `There is nothing called ${JSON.stringify(name)} to compare, or its settings name no method.`,
      value: name,
      expected: ["zero-shot", ...Object.keys(known)].join(", "),
      next: "Give it a list of settings, with method, in the --settings file.",
    });
  }
  return { name, method, candidates: candidates.map((candidate) => ({ method, ...candidate })) };
}
