import { withTokens } from "./after-prompt.js";
import { optionJudgement } from "./judgements.js";
import { createLabelIndex } from "./labels.js";
import { optionTexts, parseOptions } from "./options.js";
import { createPromptEncoder } from "./prompt-encoder.js";
import type { Task, TaskDescription, TaskSetting } from "./task.js";
import { parseTemplate } from "./template.js";
import type { TextTokenizer } from "./tokenizer.js";

/** A task that is answered by the likeliest of some texts, which a record may bring itself. */
export function optionTask(
  tokenizer: TextTokenizer,
  { template, maximumTokens }: TaskDescription,
  source: string,
  setting: TaskSetting,
): Task {
  const encoder = createPromptEncoder({
    tokenizer,
    template: parseTemplate(template),
    maximumTokens,
    ...setting,
    reserve: 1,
  });
  const list = parseOptions(source);
  const index = createLabelIndex({ words: list.sources, labels: list.labels });
  // An option takes at most half of what the fixed part leaves.
  const longest = Math.max(1, Math.floor((maximumTokens - encoder.fixedTokens) / 2));
  const idsOf = (text: string): readonly number[] => {
    const ids = encoder.wordIds(text).slice(0, longest);
    return ids.length > 0 ? ids : [tokenizer.special.end ?? 0];
  };
  return {
    ...optionJudgement,
    kind: "options",
    description: { template, options: source, maximumTokens },
    labels: index.labels,
    labelWords: [],
    labelTokenIds: new Int32Array(),
    options: list.sources,
    encode: (text) => encoder.encode(text),
    example: (record) => {
      const options = optionTexts(list, record).map(idsOf);
      // One prompt for all: what is cut of it must not tell the options apart.
      const prompt = encoder.encode(record, Math.max(...options.map(({ length }) => length)));
      return {
        texts: options.map((ids) => withTokens(prompt, ids)),
        label: index.indexOf(record.label, record.line),
      };
    },
    demonstration: (record) =>
      encoder.fill(record, optionTexts(list, record)[index.indexOf(record.label, record.line)] ?? ""),
  };
}
