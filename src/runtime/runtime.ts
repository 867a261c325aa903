/**
 * What dpzo asks of an inference runtime: load a graph whose weights are plain inputs, and run it.
 *
 * Implementations live at the edge (`src/node/onnxruntime.ts`; a browser one later). Nothing else in the
 * library knows ONNX Runtime's types.
 */

/** A dense row-major tensor on the CPU: `data.length` is the product of `dims`. */
export interface Tensor<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: Data;
  readonly dims: readonly number[];
}

/** A loaded graph. `run` may be called again as soon as the last call has settled. */
export interface Session {
  /** The names the runtime says it takes: checked at load, because unknown feeds are silently ignored. */
  readonly inputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor<Float32Array>>>;
  release(): Promise<void>;
}

/** A way to make sessions from the bytes of an ONNX model. */
export interface InferenceRuntime {
  readonly name: string;
  readonly version: string;
  createSession(model: Uint8Array): Promise<Session>;
}
