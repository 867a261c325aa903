import type { Objective, WeightBinding } from "./description.js";

/** Which words of the vocabulary a head gives logits of. */
export interface HeadWords {
  readonly count: number;
  /** The rows of the vocabulary projection that are bound; empty for all of them. */
  readonly rows: Pick<WeightBinding, "rows">;
}

/** The label words alone where there are some: no other row of the projection is then read. */
export function headWords(objective: Objective, vocabulary: number): HeadWords {
  if (objective.kind !== "label-words") return { count: vocabulary, rows: {} };
  return { count: objective.wordIds.length, rows: { rows: objective.wordIds } };
}
