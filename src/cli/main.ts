import { CommanderError } from "commander";

import { AccountingError } from "../accounting/index.js";
import { DpzoError } from "../errors.js";
import { shownSentence } from "../shown.js";
import { exitCodeOf, exitCodes } from "./exit-codes.js";
import { createProgram } from "./program.js";

/**
 * Runs one command line and returns the process's exit code; errors are told on stderr.
 *
 * @param args what stands after `dpzo`
 */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done;
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  const program = createProgram(setExitCode);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    tellError(error);
    return exitCodeOf(error);
  }
}

/** One line for a person: code and sentence. Errors that dpzo did not foresee come with their stack. */
export function tellError(error: unknown): void {
  // Commander has already written its own message.
  if (error instanceof CommanderError) return;
  if (error instanceof DpzoError) process.stderr.write(`dpzo: ${error.message} [${error.code}]\n`);
  else if (error instanceof AccountingError)
    process.stderr.write(`dpzo: ${shownSentence(error.message, error.value)} [${error.code}]\n`);
  else
    process.stderr.write(
      `dpzo: unexpected error\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
}
