import { resolve } from "node:path";

import { FileError } from "../files.js";
import type { FileErrorCode } from "../files.js";

/** What Node's error codes mean here. */
const meanings: Readonly<Record<string, readonly [FileErrorCode, string]>> = {
  ENOENT: ["not-found", "it does not exist"],
  ENOTDIR: ["not-a-folder", "it is, or lies below, a file"],
  EISDIR: ["not-a-file", "it is a folder"],
  EACCES: ["no-permission", "permission was denied"],
  EPERM: ["no-permission", "permission was denied"],
  EROFS: ["no-permission", "the file system is read-only"],
  ENOSPC: ["no-space", "the disk is full"],
  EDQUOT: ["no-space", "the disk quota is used up"],
};

/** What was being done, as the message says it. */
export type FileAction = "open" | "list" | "read" | "write" | "lock";

/**
 * Turns an error of Node's file system into a `FileError` that says the path and what was tried.
 *
 * A relative path is also given in full, because most missing paths are a wrong working directory.
 */
export function asFileError(error: unknown, path: string, action: FileAction): FileError {
  if (error instanceof FileError) return error;
  const nodeCode = nodeErrorCode(error);
  const fallback = [action === "write" ? "write-failed" : "read-failed", `Node says ${nodeCode}`] as const;
  const [code, reason] = meanings[nodeCode] ?? fallback;
  const full = resolve(path);
  const place = full === path ? path : `${path} (${full})`;
  return new FileError(code, { message: `Cannot ${action} ${place}: ${reason}.`, value: path });
}

/** The `code` of a Node error, `"unknown"` for anything else. */
export function nodeErrorCode(error: unknown): string {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : "unknown";
}
