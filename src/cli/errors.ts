import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a command line or a configuration file. */
export type UsageErrorCode = "usage" | "config-file";

/** Thrown for a command that cannot be understood; exit code 2. */
export class UsageError extends DpzoError<UsageErrorCode> {}
