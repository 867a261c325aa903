/**
 * Work is counted in steps of about eight nanoseconds, never timed: the same question has the same answer on every machine.
 */
let left = Infinity;

/** Thrown where the work that an answer may take is spent; {@link within} catches it. */
export class WorkSpent extends Error {}

/** Counts work before it is done. @throws {WorkSpent} */
export function spend(steps: number): void {
  left -= steps;
  if (!(left >= 0)) throw new WorkSpent();
}

/** What `answer` gives, or undefined if it takes more than `limit` steps. Limits nest: the tightest holds. */
export function within<T>(limit: number, answer: () => T): T | undefined {
  const outer = left;
  const here = Math.min(outer, limit);
  left = here;
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof WorkSpent)) throw error;
    return undefined;
  } finally {
    left = outer - (here - Math.max(0, left));
  }
}

/** Whether next to nothing is left of the work of the {@link within} around this. */
export function isSpent(): boolean {
  return left < 1e6;
}

/** Work that `answer` took, for tests. */
export function workOf(answer: () => unknown): number {
  const before = left;
  left = Number.MAX_SAFE_INTEGER;
  try {
    answer();
    return Number.MAX_SAFE_INTEGER - left;
  } finally {
    left = before;
  }
}
