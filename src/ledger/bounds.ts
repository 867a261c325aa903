/** Every unbounded number of the format has a bound, so that a small or hostile file cannot cost a lot. */

/** What a file may hold: the longest run of the papers (100,000 steps of 512 values) needs 0.9 GiB at most. */
export const mostLedgerBytes = 2 ** 31 - 1; // what Node reads in one piece
/** A plan is a few kilobytes; one that names every tensor of a large model is some hundred kilobytes. */
export const mostHeaderBytes = 2 ** 20;
/** Papers use 1 to 512 directions. The mechanism has the same bound. */
export const mostValues = 4096;
/** Papers use up to 100,000 steps. */
export const mostSteps = 1_000_000;
/** Papers use 1 to 10 stages; each doubles the steps of the one before. */
export const mostStages = 1000;
/** Deep enough for any plan; shallow enough that no parser's stack overflows. */
export const deepestPlan = 32;

/** `{"step":1000000,"stage":999,"values":[`, the closing bracket, the seal and the newline. */
const stepOverhead = 128;
/** A minus sign, 16 digits and a comma. */
const longestValue = 18;

/** The longest line, with its newline, of a step with so many values. */
export function mostStepBytes(directions: number): number {
  return stepOverhead + longestValue * directions;
}
