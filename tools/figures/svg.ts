/** The pictures' common ground: a document with both themes, text, lines, and straight scales. */

/** A picture of so many units, with a title and a description for those who cannot see it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly description: string;
  readonly body: readonly string[];
}

/**
 * Light colours, and dark ones where the reader's theme is dark. The page's background is painted, so that text and
 * background always come from the same theme, also in viewers that know no media queries.
 */
const light = {
  paper: "#ffffff",
  ink: "#1c2430",
  muted: "#55606f",
  line: "#d9dee5",
  blue: "#1f5fbf",
  orange: "#b84a05",
  green: "#2c7a3f",
  band: "#dbe5f4",
};
const dark: typeof light = {
  paper: "#12161c",
  ink: "#e4e8ee",
  muted: "#a3adbb",
  line: "#2d3641",
  blue: "#7fb0ff",
  orange: "#ff9d57",
  green: "#7fd08f",
  band: "#223350",
};

function rules(colours: typeof light): string {
  return [
    `.paper{fill:${colours.paper}}`,
    `.ink{fill:${colours.ink}}.muted{fill:${colours.muted}}`,
    `.blue{fill:${colours.blue}}.orange{fill:${colours.orange}}.green{fill:${colours.green}}`,
    `.band{fill:${colours.band}}.faint{fill:${colours.line}}`,
    `.grid{stroke:${colours.line};fill:none}.axis{stroke:${colours.muted};fill:none}`,
    ...(["blue", "orange", "green", "muted"] as const).map(
      (name) => `.${name}-line{stroke:${colours[name]};fill:none;stroke-width:2}`,
    ),
    `.halo{stroke:${colours.paper};stroke-width:4;stroke-linejoin:round;paint-order:stroke}`,
  ].join("");
}

/** The picture as a file's text; `theme` fixes one theme, for looking at it. */
export function svg(picture: Picture, theme?: "light" | "dark"): string {
  const { width, height, title, description, body } = picture;
  const base = rules(theme === "dark" ? dark : light);
  const media = theme === undefined ? `@media (prefers-color-scheme:dark){${rules(dark)}}` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif" font-size="14">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(description)}</desc>
<style>${base}.dashed{stroke-dasharray:7 5}.bold{font-weight:600}.small{font-size:13px}${media}</style>
<rect class="paper" width="${width}" height="${height}"/>
${body.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A coordinate with one decimal. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text; classes say colour and weight. */
export function text(
  x: number,
  y: number,
  content: string,
  classes = "ink",
  anchor: "start" | "middle" | "end" = "start",
): string {
  return `<text class="${classes}" x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, classes: string): string {
  return `<line class="${classes}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
}

/** A curve through points, closed to an area where told. */
export function path(points: readonly (readonly [number, number])[], classes: string, extra = ""): string {
  const steps = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${at(x)} ${at(y)}`);
  return `<path class="${classes}" d="${steps.join("")}"${extra}/>`;
}

/** From quantities to pixels. */
export function scale(from: readonly [number, number], to: readonly [number, number]): (v: number) => number {
  return (value) => to[0] + ((value - from[0]) / (from[1] - from[0])) * (to[1] - to[0]);
}

/** So many numbers from `low` to `high`, both included. */
export function range(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}
