import { readFileSync } from "node:fs";

import { asFileError } from "../node/index.js";

/**
 * The bytes of a file that a flag names.
 *
 * @throws {FileError} with the path in full and what is wrong with it: not there, a folder, no permission
 */
export function readFlagFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw asFileError(error, path, "read");
  }
}

/** The same as text in UTF-8. */
export function readFlagText(path: string): string {
  return new TextDecoder().decode(readFlagFile(path));
}
