import { DpzoError } from "../errors.js";

/** Why the mechanism refused; nothing was drawn when it did. */
export type MechanismErrorCode =
  | "clip-threshold"
  | "difference-length"
  | "directions"
  | "forged-release"
  | "lattice-sensitivity"
  | "standard-deviation"
  | "too-many-records";

/** An error of the mechanism; it never holds a difference, a sum, a batch size or a noise draw. */
export class MechanismError extends DpzoError<MechanismErrorCode> {}
