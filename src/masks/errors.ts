import { DpzoError } from "../errors.js";

/** Closed list of why a mask cannot be made. */
export type MaskErrorCode = "bad-mask" | "no-linear-network" | "shape-missing";

/** Thrown when a mask's description is not possible, or does not fit the model. Nothing in it is private. */
export class MaskError extends DpzoError<MaskErrorCode> {}
