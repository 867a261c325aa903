/** A Gauss-Legendre rule on [0, 1]: pairs of node and weight. */
export type Rule = readonly (readonly [node: number, weight: number])[];

function rule(...half: readonly (readonly [number, number])[]): Rule {
  return half.flatMap(([node, weight]) =>
    node === 0
      ? [[0.5, weight] as const]
      : [[(1 - node) / 2, weight] as const, [(1 + node) / 2, weight] as const],
  );
}

const root = Math.sqrt(30);

export const twoPoint = rule([Math.sqrt(1 / 3), 0.5]);
export const threePoint = rule([0, 4 / 9], [Math.sqrt(0.6), 5 / 18]);
/** On a panel where the logarithm of the integrand varies by 0.25 the relative error is below 1e-14. */
export const fourPoint = rule(
  [Math.sqrt((15 - 2 * root) / 35), (18 + root) / 72],
  [Math.sqrt((15 + 2 * root) / 35), (18 - root) / 72],
);
