import { DpzoError } from "../errors.js";

/** Why the mechanism refused; nothing was drawn when it did. */
export type MechanismErrorCode =
  | "clip-region"
  | "clip-threshold"
  | "count"
  | "difference-length"
  | "directions"
  | "forged-release"
  | "laplace-directions"
  | "laplace-scale"
  | "lattice-sensitivity"
  | "standard-deviation"
  | "too-many-records";

/** An error of the mechanism; it never holds a difference, a sum, a batch size or a noise draw. */
export class MechanismError extends DpzoError<MechanismErrorCode> {}
