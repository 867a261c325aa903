import { z } from "zod";

import { trainConfigSchema } from "../plan/config.js";
import { type Method, methods } from "../plan/method-defaults.js";
import { CompareError } from "./errors.js";

/** Settings of `dpzo train` that a comparison decides itself, for all its runs alike. */
const decided = { epsilon: true, delta: true, seed: true, publicSize: true } as const;
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

const headOnly = { train: ["head"], smoothing: 1e-2 };

/**
 * Candidates for an encoder of about 20 million weights (`docs/experiments/` has the runs behind them).
 *
 * `dpzero` and `mezo` train all weights, as published; `dpzero-head` is DPZero on what the others train.
 */
export const builtInVariants: Readonly<Record<string, readonly Candidate[]>> = {
  mezo: [
    { method: "mezo", train: ["blocks"], smoothing: 1e-3, learningRate: 1e-4, batch: 64, steps: 20_000 },
    { method: "mezo", train: ["blocks"], smoothing: 1e-3, learningRate: 1e-3, batch: 64, steps: 20_000 },
  ],
  dpzero: [
    {
      method: "dpzero",
      train: ["blocks"],
      smoothing: 1e-3,
      learningRate: 2e-4,
      clip: 150,
      batch: 64,
      steps: 20_000,
    },
    {
      method: "dpzero",
      train: ["blocks"],
      smoothing: 1e-3,
      learningRate: 2e-3,
      clip: 150,
      batch: 64,
      steps: 20_000,
    },
  ],
  "dpzero-head": [
    { method: "dpzero", ...headOnly, learningRate: 0.02, clip: 10, steps: 2000 },
    { method: "dpzero", ...headOnly, learningRate: 0.06, clip: 10, steps: 2000 },
  ],
  "dp-zoso": [
    { method: "dp-zoso", ...headOnly, directions: 64, learningRate: 0.15, clip: 40, steps: 700 },
    { method: "dp-zoso", ...headOnly, directions: 64, learningRate: 0.3, clip: 40, steps: 700 },
  ],
  "dp-zopo": [
    {
      method: "dp-zopo",
      train: ["head"],
      maskScore: "large-magnitude",
      maskRatio: [0.1],
      smoothing: 0.03,
      directions: 64,
      learningRate: 0.5,
      clip: 20,
      steps: 700,
    },
    {
      method: "dp-zopo",
      train: ["head"],
      maskScore: "large-magnitude",
      maskRatio: [0.1],
      smoothing: 0.03,
      directions: 64,
      learningRate: 1,
      clip: 20,
      steps: 700,
    },
  ],
  "dp-aggzo": [
    { method: "dp-aggzo", ...headOnly, directions: 64, learningRate: 0.1, clip: 40, steps: 700 },
    { method: "dp-aggzo", ...headOnly, directions: 64, learningRate: 0.2, clip: 40, steps: 700 },
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
