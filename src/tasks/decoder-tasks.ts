import type { NamedTask } from "./named-task.js";

const sentence = { text: "text", label: "label" } as const;
const pair = { text: "text", pair: "text_pair", label: "label", maximumTokens: 128 } as const;
const sentiment = {
  ...sentence,
  template: "Review: {text}\nSentiment: {mask}",
  labelWords: "negative,positive",
} as const;
const inference = {
  ...pair,
  template: "{text}\nQuestion: {pair} Yes, no, or maybe?\nAnswer: {mask}",
} as const;

/**
 * Tasks by name for models that predict what follows.
 *
 * Labels and what is asked are those of the MeZO line (Malladi et al. 2023, arXiv 2305.17333), the wording is our own. Answers of
 * one word are label words: for options of one token the loss is the same, and only their rows of the vocabulary are
 * multiplied.
 */
export const decoderTasks: Readonly<Record<string, NamedTask>> = Object.freeze({
  agnews: {
    ...sentence,
    template: "News: {text}\nTopic: {mask}",
    labelWords: "World,Sports,Business,Technology",
    maximumTokens: 96,
  },
  boolq: {
    label: "label",
    template: "{passage}\nQuestion: {question}?\nAnswer: {mask}",
    labelWords: "No,Yes",
    maximumTokens: 384,
  },
  cb: { ...inference, labelWords: "Yes,No,Maybe", maximumTokens: 192 },
  copa: {
    label: "label",
    template: "{premise:clause} {question:cause=because,effect=so} {mask}",
    options: "{choice1:lower}|{choice2:lower}",
  },
  cr: sentiment,
  mnli: { ...inference, labelWords: "Yes,Maybe,No" },
  mr: sentiment,
  rte: {
    ...pair,
    template: '{text}\nQuestion: Does this mean that "{pair}" is true? Yes or no?\nAnswer: {mask}',
    labelWords: "Yes,No",
    maximumTokens: 192,
  },
  snli: { ...inference, labelWords: "Yes,Maybe,No" },
  spam: {
    ...sentence,
    template: "Message: {text}\nThis message is about {mask}",
    labelWords: "ham=work,spam=advertising",
  },
  squad: {
    template: "Context: {context}\nQuestion: {question}\nAnswer: {mask}",
    answers: "answers",
    answerTokens: 32,
    maximumTokens: 384,
  },
  sst2: sentiment,
  sst5: {
    ...sentence,
    template: "Review: {text}\nThe film was {mask}",
    labelWords: "terrible,bad,okay,good,great",
  },
  subj: {
    ...sentence,
    template: "Sentence: {text}\nThis sentence is {mask}",
    labelWords: "subjective,objective",
  },
  trec: {
    ...sentence,
    template: "Question: {text}\nKind of answer: {mask}",
    labelWords: "description,entity,abbreviation,human,location,number",
  },
});
