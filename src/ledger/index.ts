export { LedgerWriter, openLedger } from "./append.js";
export type { JsonObject, JsonValue } from "./canonical.js";
export { LedgerError, type LedgerErrorCode, type LedgerPlace } from "./errors.js";
export type { LedgerFile } from "./file.js";
export { ledgerFormat, type LedgerEntry } from "./format.js";
export { MemoryLedgerFile, SimulatedCrash } from "./memory-file.js";
export { parseLedger, type Ledger } from "./parse.js";
export { recoverLedger, type Recovery } from "./recover.js";
export {
  placeOfStep,
  plannedSteps,
  type LedgerSchedule,
  type LedgerStage,
  type StepPlace,
} from "./schedule.js";
export { readLedgerPlan, verifyLedger, type LedgerVerdict } from "./verify.js";
