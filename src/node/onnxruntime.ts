import { availableParallelism } from "node:os";

import * as ort from "onnxruntime-node";

import { isShared } from "../model/weight-store.js";
import type { InferenceRuntime, Session, Tensor } from "../runtime/runtime.js";
import { RuntimeError } from "../runtime/errors.js";
import { nodeWorkers } from "./workers.js";

/** Fatal messages only: the logger writes to stderr by itself, and its errors quote token ids. What fails is thrown as well. */
const silent = 4;
ort.env.logLevel = "fatal";

/** Settings of the runtime that change speed, never a bit of what a record gives. */
export interface OnnxRuntimeOptions {
  /** Cores to use; every core of the machine unless told, or what DPZO_THREADS says. */
  readonly threads?: number;
}

/** Waiting threads give their core to others: it costs nothing on a quiet machine and halves the time on a busy one. */
const withoutSpinning = { session: { intra_op: { allow_spinning: "0" } } };

/** More workers than any machine has cores are a slip of the keyboard. */
const mostThreads = 1024;

/**
 * ONNX Runtime in Node, unmodified, on the CPU.
 *
 * Guarantees: float32 and int32 feeds are handed over without a copy, unless they lie in shared memory; outputs are
 * fresh arrays; a product is computed by one thread, and cores are used by workers side by side.
 *
 * @example
 * const session = await nodeRuntime().createSession(modelBytes);
 */
export function nodeRuntime({ threads = allCores() }: OnnxRuntimeOptions = {}): InferenceRuntime {
  checkThreads(threads);
  return {
    name: "onnxruntime-node",
    version: ort.env.versions.node ?? ort.env.versions.common,
    createSession: async (model, cores = "one") => {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ["cpu"],
        executionMode: "sequential",
        logSeverityLevel: silent,
        intraOpNumThreads: cores === "all" ? threads : 1,
        extra: withoutSpinning,
      });
      return wrap(session);
    },
    ...(threads > 1 && { workers: nodeWorkers(threads) }),
  };
}

/** How many cores there are to use, unless the environment says how many are wanted. */
function allCores(): number {
  const { DPZO_THREADS: told } = process.env;
  return told === undefined || told === "" ? availableParallelism() : Number(told);
}

/** @throws {RuntimeError} `invalid-threads` */
function checkThreads(threads: number): void {
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= mostThreads) return;
  throw new RuntimeError("invalid-threads", {
    message: "The number of threads is not one that can be used.",
    value: threads,
    expected: `a whole number from 1 to ${mostThreads}, by --threads or DPZO_THREADS`,
  });
}

function wrap(session: ort.InferenceSession): Session {
  return {
    inputNames: session.inputNames,
    run: async (feeds) => {
      const outputs = await session.run(
        Object.fromEntries(Object.entries(feeds).map(([k, v]) => [k, toOrt(v)])),
        { logSeverityLevel: silent },
      );
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, fromOrt(name, value)]));
    },
    release: () => session.release(),
  };
}

function toOrt(tensor: Tensor): ort.Tensor {
  return tensor.data instanceof Float32Array
    ? // The binding refuses shared memory.
      new ort.Tensor("float32", isShared(tensor.data) ? tensor.data.slice() : tensor.data, tensor.dims)
    : new ort.Tensor("int32", tensor.data, tensor.dims);
}

function fromOrt(name: string, tensor: ort.Tensor): Tensor<Float32Array> {
  if (!(tensor.data instanceof Float32Array)) {
    throw new RuntimeError("runtime-failed", {
      message: `Output ${name} has type ${tensor.type}.`,
      value: tensor.type,
      expected: "float32",
    });
  }
  return { data: tensor.data, dims: tensor.dims };
}
