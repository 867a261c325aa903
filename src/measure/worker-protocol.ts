import type { ModelStage, Program } from "../model/description.js";
import type { StoredTensor } from "../model/weight-store.js";
import type { Tensor } from "../runtime/runtime.js";
import type { Reading } from "../tasks/index.js";
import type { Pass, Perturbation, WalkBatch, WalkSetting } from "./walker.js";

/** A stage as plain data: its graph in bytes. */
export interface PortableStage extends Omit<ModelStage, "program"> {
  readonly program: Omit<Program, "build"> & { readonly graph: Uint8Array };
}

/** A walk's setting as plain data. */
export interface PortableSetting extends Omit<WalkSetting, "weights" | "stages"> {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly stages: readonly PortableStage[];
}

/** One pass over some of a message's batches. */
export interface ShareOfPass {
  readonly pass: Pass;
  /** Indices into the message's batches. */
  readonly batches: readonly number[];
}

/** What a worker is asked, each answered once. */
export type WorkerRequest =
  | { readonly kind: "open"; readonly walk: number; readonly setting: PortableSetting }
  | { readonly kind: "encode"; readonly walk: number; readonly batches: readonly WalkBatch[] }
  | {
      readonly kind: "readings";
      readonly walk: number;
      readonly batches: readonly WalkBatch[];
      readonly passes: readonly ShareOfPass[];
    }
  | { readonly kind: "close"; readonly walk: number };

/** For each share of a pass and each side, the readings of its batches' texts. */
export type ReadingsAnswer = readonly (readonly (readonly Reading[])[])[];

/** What a worker answers. */
export type WorkerAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "encoded"; readonly hidden: readonly Tensor<Float32Array>[] }
  | { readonly kind: "read"; readonly readings: ReadingsAnswer }
  /** A named error of dpzo's own; of any other nothing is told, since its message may quote data. */
  | { readonly kind: "failed"; readonly error?: { readonly code: string; readonly message: string } };

/** A request or an answer with the number that belongs to both. */
export interface Numbered<T> {
  readonly job: number;
  readonly body: T;
}

/** The setting as a message: graphs are built, weights are those that are shared. */
export function portable(
  { tensors, stages, frozen, reading, perturbation }: WalkSetting,
  weights: ReadonlyMap<string, StoredTensor>,
): PortableSetting {
  const graphs = new Map<string, Uint8Array>();
  const graphOf = ({ key, build }: Program): Uint8Array => {
    const graph = graphs.get(key) ?? build();
    graphs.set(key, graph);
    return graph;
  };
  return {
    tensors,
    weights,
    stages: stages.map(({ name, weights: bindings, program }) => {
      const { key, activations, outputs } = program;
      return { name, weights: bindings, program: { key, activations, outputs, graph: graphOf(program) } };
    }),
    frozen,
    reading,
    perturbation: perturbation && portablePerturbation(perturbation),
  };
}

/** Without what only happens to be in the same object. */
function portablePerturbation({ trained, smoothing, mask, copyLimit }: Perturbation): Perturbation {
  return { trained, smoothing, mask, copyLimit };
}

/** The stages of a message, as the walk has them. */
export function stagesOf(stages: readonly PortableStage[]): readonly ModelStage[] {
  return stages.map(({ name, weights, program: { graph, ...program } }) => ({
    name,
    weights,
    program: { ...program, build: () => graph },
  }));
}
