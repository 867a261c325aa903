import { labelWordJudgement } from "./judgements.js";
import { resolveLabelWords } from "./label-words.js";
import { createLabelIndex, parseLabelWords } from "./labels.js";
import { createPromptEncoder } from "./prompt-encoder.js";
import type { Task, TaskDescription, TaskSetting } from "./task.js";
import { parseTemplate } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

/** A task that is answered by one word of one token for each label. */
export function labelWordTask(
  tokenizer: TextTokenizer,
  { template, maximumTokens }: TaskDescription,
  words: string,
  setting: TaskSetting,
): Task {
  const encoder = createPromptEncoder({
    tokenizer,
    template: parseTemplate(template),
    maximumTokens,
    ...setting,
  });
  const list = parseLabelWords(words);
  const labelWords = resolveLabelWords(tokenizer, list.words, encoder);
  const index = createLabelIndex(list);
  const tokenIds = labelWords.map(({ tokenId }) => tokenId);
  return {
    ...labelWordJudgement(tokenIds),
    kind: "label-words",
    description: { template, labelWords: words, maximumTokens },
    labels: index.labels,
    labelWords,
    labelTokenIds: Int32Array.from(tokenIds),
    options: [],
    encode: (text) => encoder.encode(text),
    example: (record) => ({
      texts: [{ prompt: encoder.encode(record) }],
      label: index.indexOf(record.label, record.line),
    }),
    demonstration: (record) =>
      encoder.fill(record, labelWords[index.indexOf(record.label, record.line)]?.word ?? ""),
  };
}
