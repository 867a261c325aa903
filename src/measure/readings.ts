import type { Activations } from "../runtime/stage-runner.js";
import type { ExampleText, Judgement, Reading } from "../tasks/index.js";
import { rowsRead } from "./prefix.js";

/**
 * What the texts of a batch come to, from the activations after the last stage.
 *
 * @param members indices into `texts`, in the order of the batch's rows
 */
export function batchReadings(
  activations: Activations,
  members: readonly number[],
  texts: readonly ExampleText[],
  reading: Judgement["reading"],
): readonly Reading[] {
  const logits = activations["logits"];
  if (!(logits?.data instanceof Float32Array)) return members.map(() => []);
  const { data, dims } = logits;
  const width = dims[1] ?? 0;
  let row = 0;
  return members.map((member) => {
    const text = texts[member];
    if (text === undefined) return [];
    const rows = rowsRead(text.prompt);
    const own = data.subarray(row * width, (row + rows) * width);
    row += rows;
    return reading(text, { data: own, dims: [rows, width] });
  });
}
