export { MailError, type MailErrorCode } from "./errors.js";
export {
  nearDuplicateSimilarity,
  prepareMailCorpus,
  prepareMails,
  type MailCorpus,
  type MailFacts,
} from "./prepare.js";
export type { MailLabel, RawMail } from "./read-corpus.js";
export type { MailRecord } from "./split.js";
