/**
 * Steps, as many as asked for or fewer, that are within a budget.
 *
 * Cost does not only rise with steps: a stage that is long enough to keep what is frozen can cost less than a shorter one.
 * So the search comes from above, a hundredth at a time, and then goes up again one by one.
 *
 * @returns a number of steps that is within and the next one is not, unless it is what was asked for; nothing where no
 *   number that was tried is within
 * @example
 * mostSteps(100, (steps) => steps <= 40); // 40
 */
export function mostSteps(asked: number, isWithin: (steps: number) => boolean): number | undefined {
  let steps = asked;
  while (steps >= 1 && !isWithin(steps)) steps = Math.min(steps - 1, Math.floor(steps * 0.99));
  if (steps < 1) return undefined;
  while (steps < asked && isWithin(steps + 1)) steps += 1;
  return steps;
}
