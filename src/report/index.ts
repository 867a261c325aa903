export { chiSquareQuantile } from "./chi-square.js";
export { ReportError, type ReportErrorCode } from "./errors.js";
export type { LabelScores, PublicEvaluation, ReportInput, Scores } from "./input.js";
export { renderReport } from "./report.js";
