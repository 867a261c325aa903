import * as ort from "onnxruntime-node";

import { isShared } from "../model/weight-store.js";
import type { InferenceRuntime, Session, Tensor } from "../runtime/runtime.js";
import { RuntimeError } from "../runtime/errors.js";
import { checkThreads, defaultThreads } from "./threads.js";
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

/**
 * ONNX Runtime in Node, unmodified, on the CPU.
 *
 * Guarantees: float32 and int32 feeds are handed over without a copy, unless they lie in shared memory; outputs are
 * fresh arrays; a product is computed by one thread, and cores are used by workers side by side.
 *
 * @throws {RuntimeError} `invalid-threads`
 * @example
 * const session = await nodeRuntime().createSession(modelBytes);
 */
export function nodeRuntime({ threads = defaultThreads() }: OnnxRuntimeOptions = {}): InferenceRuntime {
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
