import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";

import type { DirectionEngine } from "../directions/index.js";
import { MaskError } from "./errors.js";
import { graspEstimate, synflowEstimate } from "./estimates.js";
import type { LinearNetwork } from "./linear-network.js";
import type { Mask, TensorMask } from "./mask.js";
import { rankFactors } from "./rank.js";
import {
  groupScores,
  largeMagnitude,
  randomScores,
  type Scores,
  smallMagnitude,
  type ZeroMeans,
} from "./scores.js";
import { barred, type ScoredTensor, taken, takeBest, takenIndices } from "./select.js";
import type { MaskSpec } from "./spec.js";
import { synflowScores } from "./synflow.js";

/** What a mask is made from: public values only. */
export interface MaskInputs {
  readonly spec: MaskSpec;
  /** The stage's number, from 0. */
  readonly stage: number;
  /** The tensors that the stage selects, in its order. */
  readonly tensors: readonly string[];
  /** Weights to score: the base's for `static`, those at the stage's start for the others. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Shapes by tensor; needed for rows. */
  readonly shapes?: ReadonlyMap<string, readonly number[]> | undefined;
  /** Tensors in which a zero is a small weight and not a dead one: those of adapters, which start from zeros. */
  readonly startingAtZero?: ReadonlySet<string> | undefined;
  /** The network of the scores on it; needed for those. */
  readonly network?: LinearNetwork | undefined;
  readonly engine: DirectionEngine;
  /** The run's public seed, 64 hex digits. */
  readonly runSeed: string;
  /** The masks of all stages before, in order. */
  readonly earlier: readonly Mask[];
}

/**
 * The mask of one stage.
 *
 * Guarantees:
 * - A pure function of its inputs, which are the base, the plan and the ledger so far: replay makes the same mask,
 *   on every machine, and no mask is stored. No private value is among them, so a mask costs no privacy.
 * - It keeps round(ratio * weights) weights, or what the floors of the tensors add up to if that is more, or all that
 *   is left if that is less.
 * - Of equal scores, the earlier tensor's and then the lower index is kept.
 * - At ratio 1 it keeps every weight, unless `rotate` bars some.
 *
 * @throws {MaskError}
 * @see methods.md 1.5, 3 and 5.3
 */
export function makeMask(inputs: MaskInputs): Mask {
  const { spec, tensors, earlier } = inputs;
  const scores = scoresOf(inputs);
  const fields = tensors.map((name): ScoredTensor => {
    const weights = weightsOf(inputs, name);
    const raw = scores.get(name) ?? new Float32Array(weights.length).fill(-Infinity);
    const grouped = groupScores(name, raw, spec.granularity, inputs.shapes?.get(name));
    return { name, scores: grouped, marks: new Uint8Array(weights.length) };
  });
  if (spec.strategy === "grow") markAll(fields, earlier.slice(-1), taken);
  if (spec.strategy === "rotate") markAll(fields, earlier, barred);
  const total = fields.reduce((count, { marks }) => count + marks.length, 0);
  for (const field of fields) {
    const least = Math.ceil(spec.floor * spec.ratio * field.marks.length);
    takeBest([field], least - countTaken(field));
  }
  const wanted = Math.max(1, Math.round(spec.ratio * total));
  takeBest(fields, wanted - fields.reduce((count, field) => count + countTaken(field), 0));
  return withFactors(fields, spec);
}

function withFactors(fields: readonly ScoredTensor[], { rankWeights }: MaskSpec): Mask {
  const kept = fields.map((field) => ({ ...field, indices: takenIndices(field) }));
  const factors = rankWeights && rankFactors(kept, rankWeights);
  return new Map(
    kept.map(({ name, indices }, at): [string, TensorMask] => [
      name,
      factors === undefined ? { indices } : { indices, factors: factors[at] },
    ]),
  );
}

function scoresOf(inputs: MaskInputs): Scores {
  const { spec, tensors, startingAtZero } = inputs;
  const zeroOf = (name: string): ZeroMeans => (startingAtZero?.has(name) === true ? "small" : "dead");
  switch (spec.score) {
    case "small-magnitude":
      return new Map(tensors.map((name) => [name, smallMagnitude(weightsOf(inputs, name), zeroOf(name))]));
    case "large-magnitude":
      return new Map(tensors.map((name) => [name, largeMagnitude(weightsOf(inputs, name), zeroOf(name))]));
    case "random": {
      const [seed, round] = [maskSeed(inputs.runSeed), seedRound(inputs)];
      return new Map(
        tensors.map((name) => {
          const { length } = weightsOf(inputs, name);
          return [name, randomScores(inputs.engine, seed, round, name, length)];
        }),
      );
    }
    case "synflow":
      return synflowScores(networkOf(inputs), (name) => weightsOf(inputs, name));
    case "synflow-estimate":
    case "grasp-estimate":
      return estimatedScores(inputs);
  }
}

function estimatedScores(inputs: MaskInputs): Scores {
  const { spec, engine, runSeed } = inputs;
  const [seed, round] = [maskSeed(runSeed), seedRound(inputs)];
  const estimate = spec.score === "grasp-estimate" ? graspEstimate : synflowEstimate;
  return estimate(
    networkOf(inputs),
    (name) => weightsOf(inputs, name),
    spec.queries,
    (query, tensor, out) => {
      // Direction 0 is the random score's.
      const place = { step: round, direction: query + 1, tensor };
      engine.fill({ runSeed: seed, ...place, distribution: "gaussian" }, out);
    },
  );
}

/** A static score is the same in every stage; the others are drawn anew. */
function seedRound({ spec, stage }: MaskInputs): number {
  return spec.strategy === "static" ? 0 : stage;
}

const domain = new TextEncoder().encode("dpzo/mask-seed/1\n");

/** SHA-256("dpzo/mask-seed/1\n" || run seed): masks share no value with directions. */
export function maskSeed(runSeed: string): Uint8Array {
  return sha256.create().update(domain).update(hexToBytes(runSeed)).digest();
}

function markAll(fields: readonly ScoredTensor[], masks: readonly Mask[], mark: number): void {
  for (const { name, marks } of fields) {
    for (const mask of masks) for (const index of mask.get(name)?.indices ?? []) marks[index] = mark;
  }
}

function countTaken({ marks }: ScoredTensor): number {
  let count = 0;
  for (const mark of marks) if (mark === taken) count += 1;
  return count;
}

function weightsOf({ weights }: MaskInputs, name: string): Float32Array {
  const found = weights.get(name);
  if (found !== undefined) return found;
  throw new MaskError("bad-mask", {
    message: `A mask needs tensor ${name}, which is not there.`,
    value: name,
    next: "Give every tensor of the base checkpoint.",
  });
}

function networkOf({ spec, network }: MaskInputs): LinearNetwork {
  if (network !== undefined) return network;
  throw new MaskError("no-linear-network", {
    message: `The score ${spec.score} needs the model's network.`,
    value: spec.score,
    next: "Replay with the model's description.",
  });
}
