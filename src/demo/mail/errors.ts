import { DpzoError } from "../../errors.js";

/** Why the mail corpus could not be prepared. */
export type MailErrorCode = "corpus-not-found" | "corpus-too-small";

/** An error of the demo's mail corpus. */
export class MailError extends DpzoError<MailErrorCode> {}
