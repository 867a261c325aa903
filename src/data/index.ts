export type { ColumnRequest, DataRecord } from "./columns.js";
export { DataError } from "./errors.js";
export type { DataErrorCode } from "./errors.js";
export { formatFromName } from "./format.js";
export type { DataFormat } from "./format.js";
export type { LineOptions } from "./lines.js";
export { readRecords } from "./records.js";
export { unitText } from "./unit-text.js";
