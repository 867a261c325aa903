import {
  type ModelDescription,
  type ModelStage,
  type Program,
  valuesForReading,
  type WeightBinding,
  WeightStore,
} from "../model/index.js";
import type { Activations, Tensor } from "../tensor.js";
import { RuntimeError } from "./errors.js";
import type { Cores, InferenceRuntime, Session } from "./runtime.js";

export type { Activations } from "../tensor.js";

/** Gives the weights of one binding, shaped for the graph. */
export type WeightSource = (binding: WeightBinding) => Tensor<Float32Array>;

/**
 * Runs stages one at a time, with one session for every distinct graph.
 *
 * Guarantees: a session is only used when the runtime itself lists every weight among its inputs, because
 * ONNX Runtime silently ignores what is fed under any other name.
 */
export class StageRunner {
  readonly runtime: InferenceRuntime;
  readonly #cores: Cores;
  readonly #sessions = new Map<string, Promise<Session>>();

  /** @param cores how many share one product; `all` is for public inputs alone, see {@link Cores} */
  constructor(runtime: InferenceRuntime, cores: Cores = "one") {
    this.runtime = runtime;
    this.#cores = cores;
  }

  /** The activations after `stage`: the old ones with the stage's outputs put over them. */
  async run(stage: ModelStage, weights: WeightSource, activations: Activations): Promise<Activations> {
    const session = await this.#session(stage);
    const feeds: Record<string, Tensor> = {};
    for (const name of stage.program.activations) feeds[name] = required(activations, name, stage);
    for (const binding of stage.weights) feeds[binding.input] = weights(binding);
    const outputs = await session.run(feeds);
    const next: Record<string, Tensor> = { ...activations };
    for (const [output, activation] of Object.entries(stage.program.outputs)) {
      next[activation] = required(outputs, output, stage);
    }
    return next;
  }

  /** Frees the sessions; the runner can be used again afterwards. */
  async release(): Promise<void> {
    const sessions = await Promise.all(this.#sessions.values());
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.release()));
  }

  async #session(stage: ModelStage): Promise<Session> {
    const { program } = stage;
    let session = this.#sessions.get(program.key);
    if (session === undefined) {
      session = this.#create(stage, program);
      this.#sessions.set(program.key, session);
    }
    return session;
  }

  async #create(stage: ModelStage, program: Program): Promise<Session> {
    const session = await this.runtime.createSession(program.build(), this.#cores);
    const wanted = [...program.activations, ...stage.weights.map(({ input }) => input)];
    const absent = wanted.filter((name) => !session.inputNames.includes(name));
    if (absent.length > 0) {
      throw new RuntimeError("weight-not-an-input", {
        message: `The runtime does not take ${absent.join(", ")} as inputs of stage ${stage.name}.`,
        value: absent,
        expected: "every weight to be a plain graph input",
        next: "Perturbing such a weight would change nothing. Report this with the runtime's version.",
      });
    }
    return session;
  }
}

function required<T>(from: Readonly<Record<string, T>>, name: string, stage: ModelStage): T {
  const value = from[name];
  if (value === undefined) {
    throw new RuntimeError("missing-feed", {
      message: `Stage ${stage.name} has no value for ${name}.`,
      value: name,
    });
  }
  return value;
}

/**
 * A weight source over canonical weights: whole tensors without a copy, rows gathered.
 *
 * What a {@link WeightStore} keeps in 16 bits is widened for the stage that is run, and stays so in the store.
 *
 * @example
 * const source = weightSource(description, weights);
 */
export function weightSource(
  description: Pick<ModelDescription, "tensors">,
  weights: ReadonlyMap<string, Float32Array>,
): WeightSource {
  const store = weights instanceof WeightStore ? weights : undefined;
  return ({ tensor, rows }) => {
    const shape = description.tensors.get(tensor) ?? [];
    if (rows !== undefined && store !== undefined) {
      const data = found(store.readRows(tensor, rows, widthOf(shape)), tensor);
      return { data, dims: [rows.length, ...shape.slice(1)] };
    }
    const data = found(valuesForReading(weights, tensor), tensor);
    return rows === undefined ? { data, dims: shape } : gatherRows(data, shape, rows);
  };
}

function found(data: Float32Array | undefined, tensor: string): Float32Array {
  if (data !== undefined) return data;
  throw new RuntimeError("missing-feed", { message: `No weights for tensor ${tensor}.`, value: tensor });
}

/** Elements of one row of the first axis. */
function widthOf(shape: readonly number[]): number {
  return shape.slice(1).reduce((a, b) => a * b, 1);
}

/** Copies the given rows (of the first axis) of a tensor of `shape`. */
export function gatherRows(
  data: Float32Array,
  shape: readonly number[],
  rows: readonly number[],
): Tensor<Float32Array> {
  const width = widthOf(shape);
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    gathered.set(data.subarray(row * width, (row + 1) * width), index * width);
  });
  return { data: gathered, dims: [rows.length, ...shape.slice(1)] };
}
