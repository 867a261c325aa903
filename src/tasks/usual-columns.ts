/** A name that a column has in some copies of a data set, and what the task calls the values there. */
export interface UsualName {
  readonly name: string;
  readonly values?: Readonly<Record<string, string>>;
}

/** What one column of a named task is called elsewhere. */
export interface UsualColumn {
  /** Read where the task's own name is not there. */
  readonly others?: readonly UsualName[];
  /** Read before the task's own name: they say in words what the numbers there may mean otherwise. */
  readonly better?: readonly UsualName[];
  /** What the task calls values under its own name, besides the names of its labels. */
  readonly values?: Readonly<Record<string, string>>;
}

/** The columns of a named task as the Hub's data sets and the official archives have them. */
export interface UsualColumns {
  readonly text?: UsualColumn;
  readonly pair?: UsualColumn;
  readonly label?: UsualColumn;
}

/** Values in the order of the labels 0, 1, ... of a task. */
function numbered(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, index) => [name, String(index)]));
}

const sentence: UsualColumn = { others: [{ name: "sentence" }] };
const premise: UsualColumn = { others: [{ name: "premise" }, { name: "sentence1" }] };
const hypothesis: UsualColumn = { others: [{ name: "hypothesis" }, { name: "sentence2" }] };

/** Sentences in pairs: `label` a number on the Hub and a word in SuperGLUE's archive, `gold_label` a word in SNLI's. */
function inference(...labels: readonly string[]): UsualColumns {
  const values = numbered(...labels);
  return {
    text: premise,
    pair: hypothesis,
    label: { values, others: [{ name: "gold_label", values }] },
  };
}

const trecNames = numbered("DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM");

/**
 * Names of columns and labels, by task, besides those of {@link namedTasks}.
 *
 * Where a copy numbers its labels in another order, its column is told by its own name and the numbers are put in the
 * task's order; copies that differ in nothing but the order cannot be told apart.
 *
 * @see the dataset cards glue, super_glue, boolq, snli, multi_nli, trec, SetFit/subj, sms_spam and squad of the Hugging Face Hub
 */
export const usualColumns: Readonly<Record<string, UsualColumns>> = Object.freeze({
  boolq: { label: { others: [{ name: "answer" }] } },
  cb: inference("entailment", "contradiction", "neutral"),
  cr: { text: sentence, label: { values: numbered("negative", "positive") } },
  mnli: inference("entailment", "neutral", "contradiction"),
  mr: { text: sentence, label: { values: numbered("negative", "positive") } },
  rte: inference("entailment", "not_entailment"),
  snli: inference("entailment", "neutral", "contradiction"),
  spam: {
    text: { others: [{ name: "sms" }, { name: "message" }] },
    label: { values: { 0: "ham", 1: "spam" } },
  },
  sst2: { text: sentence, label: { values: numbered("negative", "positive") } },
  sst5: {
    text: sentence,
    label: { values: numbered("very negative", "negative", "neutral", "positive", "very positive") },
  },
  subj: {
    text: sentence,
    // SetFit's copy numbers them the other way round, under the same name.
    label: { better: [{ name: "label_text", values: numbered("subjective", "objective") }] },
  },
  trec: {
    text: { others: [{ name: "question" }] },
    label: {
      values: trecNames,
      others: [
        { name: "coarse_label", values: { ...trecNames, 0: "2", 1: "1", 2: "0", 3: "3", 4: "4", 5: "5" } },
        { name: "label-coarse", values: { ...trecNames, 0: "0", 1: "1", 2: "2", 3: "3", 4: "5", 5: "4" } },
      ],
    },
  },
});
