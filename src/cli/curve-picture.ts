/** One point of a privacy curve, epsilon between its bounds. */
export interface CurvePoint {
  readonly delta: number;
  readonly epsilon: number;
  readonly epsilonLower: number;
}

const [width, height] = [720, 400];
const margin = { left: 64, right: 24, top: 48, bottom: 56 };

/**
 * The privacy curve as a self-contained SVG: epsilon over delta (logarithmic), upper and lower bound.
 *
 * @param points at least two, with delta above 0 and a finite epsilon
 */
export function curvePicture(points: readonly CurvePoint[], marked: CurvePoint): string {
  const drawn = points.filter(({ delta, epsilon }) => delta > 0 && Number.isFinite(epsilon));
  const logs = drawn.map(({ delta }) => Math.log10(delta));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  const top = niceTop(Math.max(...drawn.map(({ epsilon }) => epsilon), 1e-9));
  const x = (delta: number): number =>
    margin.left + ((Math.log10(delta) - least) / Math.max(1e-9, most - least)) * plotWidth;
  const y = (epsilon: number): number => height - margin.bottom - (epsilon / top) * plotHeight;
  const path = (of: (point: CurvePoint) => number): string =>
    drawn.map((point) => `${round(x(point.delta))},${round(y(of(point)))}`).join(" ");
  const label = `epsilon ${String(Number(marked.epsilon.toPrecision(4)))} at delta ${marked.delta}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>Privacy curve: ${label}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${margin.left}" y="28" font-size="16" fill="#1f2328">${label}</text>`,
    ...gridLines(top, y),
    ...powers(least, most, x),
    `<text x="${margin.left + plotWidth / 2}" y="${height - 12}" text-anchor="middle" fill="#59636e">delta</text>`,
    `<text x="18" y="${margin.top + plotHeight / 2}" text-anchor="middle" fill="#59636e" transform="rotate(-90 18 ${margin.top + plotHeight / 2})">epsilon</text>`,
    `<polyline points="${path((point) => point.epsilonLower)}" fill="none" stroke="#d1812a" stroke-width="2" stroke-dasharray="4 4"/>`,
    `<polyline points="${path((point) => point.epsilon)}" fill="none" stroke="#0969da" stroke-width="2"/>`,
    `<circle cx="${round(x(marked.delta))}" cy="${round(y(marked.epsilon))}" r="5" fill="#0969da"/>`,
    `<text x="${width - margin.right}" y="28" text-anchor="end" fill="#59636e">line: upper bound; dashes: lower bound</text>`,
    "</svg>",
    "",
  ].join("\n");
}

const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The next of 1, 2, 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

function gridLines(top: number, y: (epsilon: number) => number): string[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const at = round(y(share * top));
    return [
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" stroke="#d1d9e0"/>`,
      `<text x="${margin.left - 8}" y="${at + 4}" text-anchor="end" fill="#59636e">${Number((share * top).toPrecision(4))}</text>`,
    ];
  });
}

function powers(least: number, most: number, x: (delta: number) => number): string[] {
  const exponents = [];
  for (let exponent = Math.ceil(least - 1e-9); exponent <= most + 1e-9; exponent += 1)
    exponents.push(exponent);
  const stride = Math.ceil(exponents.length / 8);
  return exponents
    .filter((_, index) => index % stride === 0)
    .map(
      (exponent) =>
        `<text x="${round(x(10 ** exponent))}" y="${height - margin.bottom + 20}" text-anchor="middle" fill="#59636e">1e${exponent}</text>`,
    );
}
