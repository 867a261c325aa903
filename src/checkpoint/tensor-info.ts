import type { StoredDtype } from "./dtype.js";

/** One tensor of a checkpoint: what it is and where its bytes are. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elements: number;
  /** Size of its data. */
  readonly bytes: number;
  /** Name of the file in the folder. */
  readonly file: string;
  /** First byte of its data, from the start of the file. */
  readonly offset: number;
}
