import { DpzoError } from "../errors.js";

/** Why drawing secret randomness was refused. */
export type SamplingErrorCode =
  | "invalid-bound"
  | "invalid-record-count"
  | "invalid-sampling-rate"
  | "no-random-source"
  | "stuck-random-source";

/** An error of the samplers; it never holds a drawn value. */
export class SamplingError extends DpzoError<SamplingErrorCode> {}
