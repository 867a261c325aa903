import { Command, CommanderError } from "commander";

import { AccountingError } from "../accounting/index.js";
import { DpzoError } from "../errors.js";
import { shownSentence } from "../shown.js";
import { accountCommand } from "./commands/account.js";
import { calibrateCommand } from "./commands/calibrate.js";
import { compareCommand } from "./commands/compare.js";
import { doctorCommand } from "./commands/doctor.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { planCommand } from "./commands/plan.js";
import { replayCommand } from "./commands/replay.js";
import { tokensCommand } from "./commands/tokens.js";
import { trainCommand } from "./commands/train.js";
import { verifyCommand } from "./commands/verify.js";
import { exitCodeOf, exitCodes } from "./exit-codes.js";
import { version } from "./version.js";

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
  const program = new Command("dpzo")
    .description("Fine-tune language models under differential privacy with forward passes only.")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError });
  const commands = [
    trainCommand,
    evalCommand,
    exportCommand,
    planCommand,
    replayCommand,
    verifyCommand,
    doctorCommand,
    accountCommand,
    calibrateCommand,
    compareCommand,
    tokensCommand,
  ];
  for (const make of commands)
    program.addCommand(make(setExitCode).exitOverride().configureOutput({ outputError }));
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    tellError(error);
    return exitCodeOf(error);
  }
}

/** Commander quotes in full what it does not know. */
function outputError(text: string, write: (text: string) => void): void {
  write(`${shownSentence(text.trimEnd())}\n`);
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
