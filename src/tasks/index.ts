export { TaskError, type TaskErrorCode } from "./errors.js";
export { resolveLabelWords, type LabelWord, type LabelWordContext } from "./label-words.js";
export { indexOfLargest, labelLoss } from "./label-loss.js";
export { createLabelIndex, parseLabelWords, type LabelIndex, type LabelWordList } from "./labels.js";
export { classificationMetrics, type ClassificationMetrics, type ClassMetrics } from "./metrics.js";
export { namedTask, namedTasks, type NamedTask } from "./named-tasks.js";
export {
  createPromptEncoder,
  type EncodedPrompt,
  type PromptEncoder,
  type PromptEncoderOptions,
  type PromptText,
} from "./prompt-encoder.js";
export type { MaskToken, SpecialTokens } from "./special-tokens.js";
export type { Example, ExampleText, Judgement, Reading, TaskObjective, TextLogits } from "./example.js";
export { labelWordJudgement } from "./judgements.js";
export { createTask, type Task, type TaskDescription, type TaskRecord } from "./task.js";
export { parseTemplate, type Template, type TemplatePart } from "./template.js";
export { createTokenizer, type TextTokenizer, type TokenizerFiles, type WordShape } from "./tokenizer.js";
