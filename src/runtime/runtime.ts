import type { Tensor } from "../tensor.js";

/**
 * What dpzo asks of an inference runtime: load a graph whose weights are plain inputs, and run it.
 *
 * Implementations live at the edge (`src/node/onnxruntime.ts`; a browser one later). Nothing else in the
 * library knows ONNX Runtime's types.
 */

export type { Tensor } from "../tensor.js";

/** A loaded graph. `run` may be called again as soon as the last call has settled. */
export interface Session {
  /** The names the runtime says it takes: checked at load, because unknown feeds are silently ignored. */
  readonly inputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor<Float32Array>>>;
  release(): Promise<void>;
}

/**
 * How many cores share one product.
 *
 * `one` for everything that reads a private record: how a product is cut for several cores decides how its sums are
 * blocked, so the bits would depend on the machine. `all` is faster where one batch is all there is, for public inputs.
 */
export type Cores = "one" | "all";

/** A way to make sessions from the bytes of an ONNX model. */
export interface InferenceRuntime {
  readonly name: string;
  readonly version: string;
  createSession(model: Uint8Array, cores?: Cores): Promise<Session>;
  /** How several cores are used: by workers that each run batches of their own. Absent: this thread does all. */
  readonly workers?: WorkerHost;
}

/** Starts workers that serve `serveWalks`. */
export interface WorkerHost {
  /** How many to start, at least 1. */
  readonly count: number;
  start(): WorkerPort;
}

/** One end of a line between a worker and the thread that uses it. */
export interface WorkerPort {
  /** @param transfer buffers that are handed over instead of copied */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listen: (message: unknown) => void): void;
  /** Told when the worker is gone without having been closed. */
  onFailure(listen: () => void): void;
  close(): Promise<void>;
}
