export { LedgerWriter, type Opening } from "./append.js";
export type { JsonObject, JsonValue } from "./canonical.js";
export { LedgerError, type LedgerErrorCode, type LedgerPlace } from "./errors.js";
export type { LedgerFile } from "./file.js";
export { ledgerFormat, type LedgerEntry } from "./format.js";
export {
  MemoryMarks,
  MemoryMarkStore,
  type MarkStore,
  type RunFolder,
  type TakenMark,
} from "./mark-store.js";
export { MemoryLedgerFile, SimulatedCrash } from "./memory-file.js";
export { openLedger, type OpenOptions } from "./open.js";
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
