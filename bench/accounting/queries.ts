/** One query, as both sides read it. With `epsilon` it asks for the noise multiplier of its only phase. */
export interface Query {
  readonly name: string;
  /** Sampling rate, noise multiplier, steps. */
  readonly phases: readonly (readonly [number, number, number])[];
  readonly delta: number;
  readonly epsilon?: number;
}

export const queries: readonly Query[] = [
  { name: "epsilon, q = 0.01, noise 1, T = 1,000", phases: [[0.01, 1, 1000]], delta: 1e-5 },
  { name: "epsilon, q = 0.01, noise 1, T = 10,000", phases: [[0.01, 1, 10_000]], delta: 1e-5 },
  { name: "epsilon, q = 0.01, noise 1, T = 100,000", phases: [[0.01, 1, 100_000]], delta: 1e-5 },
  { name: "epsilon, q = 0.01, noise 2, T = 100,000", phases: [[0.01, 2, 100_000]], delta: 1e-5 },
  {
    name: "epsilon, three phases: q = 1/16, noise 4, 3, 2, T = 2,000 each",
    phases: [
      [0.0625, 4, 2000],
      [0.0625, 3, 2000],
      [0.0625, 2, 2000],
    ],
    delta: 1e-5,
  },
  {
    name: "noise for epsilon 2, q = 1/16, T = 1,000",
    phases: [[0.0625, 1, 1000]],
    delta: 1e-5,
    epsilon: 2,
  },
];

/**
 * The query with its noise, or target, moved by a ten-millionth of itself a round, so that nothing kept from an earlier
 * round could answer it.
 */
export function moved(query: Query, round: number): Query {
  const factor = 1 + 1e-7 * round;
  const phases = query.phases.map(([rate, noise, steps]) => [rate, noise * factor, steps] as const);
  return query.epsilon === undefined
    ? { ...query, phases }
    : { ...query, phases, epsilon: query.epsilon * factor };
}
