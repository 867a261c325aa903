export { defaultAnswerTokens } from "./answer-task.js";
export { TaskError, type TaskErrorCode } from "./errors.js";
export { resolveLabelWords, type LabelWord, type LabelWordContext } from "./label-words.js";
export { indexOfLargest, labelLoss } from "./label-loss.js";
export { createLabelIndex, parseLabelWords, type LabelIndex, type LabelWordList } from "./labels.js";
export { classificationMetrics, type ClassificationMetrics, type ClassMetrics } from "./metrics.js";
export { decoderTasks } from "./decoder-tasks.js";
export { namedTask, namedTasks, type NamedTask, taskNames } from "./named-tasks.js";
export {
  createPromptEncoder,
  type EncodedPrompt,
  type ModelKind,
  type PromptEncoder,
  type PromptEncoderOptions,
  type PromptText,
} from "./prompt-encoder.js";
export type { MaskToken, SpecialTokens } from "./special-tokens.js";
export type {
  Example,
  ExampleText,
  Judgement,
  Reading,
  ReadingKind,
  TaskObjective,
  TextLogits,
} from "./example.js";
export { promptTokens } from "./after-prompt.js";
export { answerMetrics, type AnswerMetrics } from "./answer-metrics.js";
export { answerJudgement, labelWordJudgement, optionJudgement, readText } from "./judgements.js";
export { parseOptions, type OptionList } from "./options.js";
export { createTask } from "./create-task.js";
export {
  type Answering,
  type Task,
  type TaskDescription,
  type TaskRecord,
  type TaskSetting,
} from "./task.js";
export { parseParts, parseTemplate, slotNames, type Template, type TemplatePart } from "./template.js";
export { createTokenizer, type TextTokenizer, type TokenizerFiles, type WordShape } from "./tokenizer.js";
export { type UsualColumn, type UsualColumns, usualColumns, type UsualName } from "./usual-columns.js";
