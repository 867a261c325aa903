/** A closed form beside the numeric accountant's answer to the same question. */
export interface Comparison {
  /** What both numbers are. */
  readonly quantity: "noise multiplier" | "epsilon";
  readonly closedForm: number;
  /** The accountant's: an upper bound on epsilon, or a noise multiplier that reaches the target. */
  readonly numeric: number;
  /**
   * closedForm / numeric. Above 1: how many times too much noise, or epsilon, the closed form asks for. Below 1: the
   * closed form claims more than the run gives, and must not be used.
   */
  readonly ratio: number;
}

/** Puts two numbers side by side. */
export function compared(quantity: Comparison["quantity"], closedForm: number, numeric: number): Comparison {
  return Object.freeze({ quantity, closedForm, numeric, ratio: closedForm / numeric });
}
