import { Command } from "commander";

import { shownSentence } from "../shown.js";
import { accountCommand } from "./commands/account.js";
import { calibrateCommand } from "./commands/calibrate.js";
import { compareCommand } from "./commands/compare.js";
import { doctorCommand } from "./commands/doctor.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { planCommand } from "./commands/plan.js";
import { replayCommand } from "./commands/replay.js";
import { addOutputFlags, type CommandFactory, type SetExitCode } from "./commands/shared.js";
import { tokensCommand } from "./commands/tokens.js";
import { trainCommand } from "./commands/train.js";
import { verifyCommand } from "./commands/verify.js";
import { version } from "./version.js";

/** Every command, in the order of `dpzo --help`. */
const commands: readonly CommandFactory[] = [
  trainCommand,
  planCommand,
  verifyCommand,
  replayCommand,
  exportCommand,
  evalCommand,
  compareCommand,
  doctorCommand,
  tokensCommand,
  accountCommand,
  calibrateCommand,
];

/** The whole command line; nothing of it ends the process. */
export function createProgram(setExitCode: SetExitCode): Command {
  const program = new Command("dpzo")
    .description("Fine-tune language models under differential privacy, with forward passes only.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({ outputError });
  for (const make of commands) {
    program.addCommand(addOutputFlags(make(setExitCode)).exitOverride().configureOutput({ outputError }));
  }
  return program;
}

/** Commander quotes in full what it does not know. */
function outputError(text: string, write: (text: string) => void): void {
  write(`${shownSentence(text.trimEnd())}\n`);
}
