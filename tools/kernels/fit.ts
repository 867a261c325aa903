/**
 * Finds the polynomial constants of the gaussian kernel; run `npx tsx tools/kernels/fit.ts` to print them.
 *
 * Each function is written as its leading terms, which are exact, plus a power of the argument times a
 * remainder R. R is interpolated at the Chebyshev nodes of its interval, which is within a small factor of the
 * best polynomial of that degree; its values come from the Taylor series, so nothing cancels.
 */

/** A remainder R(y) = sum over n of term(n) * y^n, to be replaced by `size` coefficients on [0, end]. */
interface Remainder {
  readonly name: string;
  readonly term: (n: number) => number;
  readonly end: number;
}

const quarterTurn = Math.PI / 4;
const largestRatio = (Math.SQRT2 - 1) / (Math.SQRT2 + 1);

/** The three remainders, in y = x^2 for the circle and y = s^2 for the logarithm, s = (m - 1) / (m + 1). */
export const remainders: readonly Remainder[] = [
  // sin x = x + x^3 R(x^2)
  { name: "sine", term: (n) => sign(n + 1) / factorial(2 * n + 3), end: quarterTurn ** 2 },
  // cos x = 1 - x^2 / 2 + x^4 R(x^2)
  { name: "cosine", term: (n) => sign(n) / factorial(2 * n + 4), end: quarterTurn ** 2 },
  // -2 ln m = s (-4 + s^2 R(s^2))
  { name: "logarithm", term: (n) => -4 / (2 * n + 3), end: largestRatio ** 2 },
];

/** The coefficients of R, lowest power first, each rounded to f32. */
export function fit(remainder: Remainder, size = 3): number[] {
  const nodes = Array.from({ length: size }, (_, i) => {
    const node = Math.cos(((2 * i + 1) * Math.PI) / (2 * size));
    return (remainder.end * (1 + node)) / 2;
  });
  const values = nodes.map((y) => series(remainder.term, y));
  return monomials(nodes, dividedDifferences(nodes, values)).map(Math.fround);
}

function series(term: (n: number) => number, y: number): number {
  let sum = 0;
  for (let n = 40; n >= 0; n--) sum = sum * y + term(n);
  return sum;
}

/** Newton's divided differences, in place of solving a Vandermonde system. */
function dividedDifferences(nodes: readonly number[], values: readonly number[]): number[] {
  const table = [...values];
  for (let order = 1; order < nodes.length; order++) {
    for (let i = nodes.length - 1; i >= order; i--) {
      table[i] = (table[i]! - table[i - 1]!) / (nodes[i]! - nodes[i - order]!);
    }
  }
  return table;
}

function monomials(nodes: readonly number[], newton: readonly number[]): number[] {
  let result: number[] = [];
  for (let i = newton.length - 1; i >= 0; i--) {
    const shifted = [0, ...result];
    result = shifted.map((c, power) => c - nodes[i]! * (result[power] ?? 0));
    result[0] = result[0]! + newton[i]!;
  }
  return result;
}

function sign(n: number): number {
  return n % 2 === 0 ? 1 : -1;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

if (process.argv[1]?.endsWith("fit.ts") === true) {
  for (const remainder of remainders) console.log(remainder.name, fit(remainder));
  console.log("2 ln 2", Math.fround(2 * Math.LN2), "pi / 2^33", Math.fround(Math.PI / 2 ** 33));
}
