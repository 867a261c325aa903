import * as ort from "onnxruntime-node";

import type { InferenceRuntime, Session, Tensor } from "../runtime/runtime.js";
import { RuntimeError } from "../runtime/errors.js";

/** Fatal messages only: the logger writes to stderr by itself, and its errors quote token ids. What fails is thrown as well. */
const silent = 4;
ort.env.logLevel = "fatal";

/** Settings of the runtime that change speed, never results' meaning. */
export interface OnnxRuntimeOptions {
  /** Threads inside one operator; 0 (the default) lets the runtime choose, one a core. */
  readonly threads?: number;
}

/**
 * ONNX Runtime in Node, unmodified, on the CPU.
 *
 * Guarantees: float32 and int32 feeds are handed over without a copy; outputs are fresh arrays.
 *
 * @example
 * const session = await nodeRuntime().createSession(modelBytes);
 */
export function nodeRuntime(options: OnnxRuntimeOptions = {}): InferenceRuntime {
  return {
    name: "onnxruntime-node",
    version: ort.env.versions.node ?? ort.env.versions.common,
    createSession: async (model) => {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ["cpu"],
        logSeverityLevel: silent,
        intraOpNumThreads: options.threads ?? 0,
      });
      return wrap(session);
    },
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
    ? new ort.Tensor("float32", tensor.data, tensor.dims)
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
