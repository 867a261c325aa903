import { DpzoError } from "../errors.js";

/** Closed list of what can be wrong with a schedule. */
export type ScheduleErrorCode = "bad-schedule";

/** Thrown when a schedule cannot be laid out as asked. */
export class ScheduleError extends DpzoError<ScheduleErrorCode> {}
