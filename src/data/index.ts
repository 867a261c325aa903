export type { ColumnRequest, DataRecord, OtherName } from "./columns.js";
export { DataError } from "./errors.js";
export type { DataErrorCode } from "./errors.js";
export { formatFromName } from "./format.js";
export type { DataFormat } from "./format.js";
export type { LineOptions } from "./lines.js";
export { readRecords, type ReadOptions } from "./records.js";
export type { Quotes } from "./row.js";
export { unitText } from "../unit-text.js";
