/** A dense row-major tensor on the CPU: `data.length` is the product of `dims`. */
export interface Tensor<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: Data;
  readonly dims: readonly number[];
}

/** The named tensors that travel from stage to stage. */
export type Activations = Readonly<Record<string, Tensor>>;
