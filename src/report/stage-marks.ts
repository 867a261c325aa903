import { type Frame } from "./chart.js";
import { pixels } from "./format.js";
import { type Markup, markup } from "./markup.js";

/** Below this many pixels a stage's name would run into its neighbour's. */
const leastLabelledWidth = 60;

/**
 * A dashed line between each two stages of the schedule, and the names of stages that are wide enough.
 *
 * @param lastSteps the last step of every stage
 */
export function stageMarks(frame: Frame, lastSteps: readonly number[]): Markup {
  const edges = lastSteps.map((last) => frame.x.at(last + 0.5));
  const lines = edges.slice(0, -1).map((edge) => {
    const at = pixels(edge);
    return markup`<line class="stage-boundary" x1="${at}" x2="${at}" y1="${pixels(frame.top)}" y2="${pixels(frame.bottom)}" />`;
  });
  const names = lastSteps.length < 2 ? [] : edges.map((edge, index) => stageName(frame, edges, edge, index));
  return markup`${lines}${names}`;
}

function stageName(frame: Frame, edges: readonly number[], edge: number, index: number): Markup | undefined {
  const start = index === 0 ? frame.left : (edges[index - 1] ?? frame.left);
  if (edge - start < leastLabelledWidth) return undefined;
  return markup`<text class="stage-name" x="${pixels((start + edge) / 2)}" y="${pixels(frame.top - 7)}" text-anchor="middle">stage ${String(index + 1)}</text>`;
}
