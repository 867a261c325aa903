import * as z from "zod";

import { DpzoError } from "../../errors.js";
import { adapterInWords } from "../../model/adapter.js";
import { checkBase } from "../../replay/replay-model.js";
import { notPrivate } from "../../plan/read-plan.js";
import {
  type CheckedLedger,
  checkLedger,
  guaranteeInWords,
  isPrivateLedger,
  verifyLedger,
} from "../../verify/verify.js";
import { exitCodeOf, exitCodes } from "../exit-codes.js";
import { readFlagFile } from "../flag-file.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import type { Output } from "../output.js";
import { baseCommand, type CommandFactory, withFolder, outputFor, settingsOf } from "./shared.js";

const verifySchema = z.strictObject({
  ledger: z.string().describe("ledger.jsonl of a run"),
  base: z.string().optional().describe("base checkpoint folder; checks its digest too"),
});

/** `dpzo verify`: checks a ledger's chain, recomputes epsilon and says what is guaranteed to whom. */
export const verifyCommand: CommandFactory = (setExitCode) => {
  const command = baseCommand(
    "verify",
    "Check a ledger, recompute its epsilon and state what it guarantees.",
  );
  addSchemaOptions(command, verifySchema);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveSettings(verifySchema, settingsOf(flags));
    const output = outputFor(flags);
    const bytes = readFlagFile(settings.ledger);
    try {
      const checked = checkLedger(bytes);
      if (!isPrivateLedger(checked)) {
        tellNotPrivate(output, checked);
        setExitCode(exitCodes.plan);
        return;
      }
      const verified = verifyLedger(bytes);
      if (settings.base !== undefined) {
        await withFolder(settings.base, (base) => checkBase(base, verified));
      }
      const { plan, finalHash, epsilon, epsilonLower, delta, steps, lostSteps, plannedSteps } = verified;
      const guarantee = guaranteeInWords(verified);
      const answer = { valid: true, epsilon, epsilonLower, delta, steps, lostSteps, plannedSteps, finalHash };
      output.answer({ ...answer, baseChecked: settings.base !== undefined, guarantee, plan }, () => [
        `valid: ${steps} of ${plannedSteps} steps, ${lostSteps} lost; epsilon ${epsilon} at delta ${delta}`,
        `last hash ${finalHash}${settings.base === undefined ? " (base not checked: give --base)" : "; base agrees"}`,
        ...(plan.adapter ? [`trained: ${adapterInWords(plan.adapter)}`] : []),
        ...guarantee,
      ]);
    } catch (error) {
      if (!(error instanceof DpzoError)) throw error;
      const place = error as { readonly line?: number; readonly offset?: number };
      const where = { ...(place.line && { line: place.line }), ...(place.offset && { byte: place.offset }) };
      output.answer({ valid: false, code: error.code, reason: error.message, ...where }, () => [
        `NOT valid: ${error.message} [${error.code}]`,
      ]);
      setExitCode(exitCodeOf(error));
    }
  });
};

/** The chain and the steps are in order, and there is no guarantee to state: said so, and not done with exit code 0. */
function tellNotPrivate(output: Output, ledger: CheckedLedger): void {
  const { plan, steps, plannedSteps, lostSteps, finalHash } = ledger;
  const answer = { valid: true, private: false, steps, plannedSteps, lostSteps, finalHash, plan };
  output.answer(answer, () => [
    `chain and steps are in order: ${steps} of ${plannedSteps} steps, ${lostSteps} lost; last hash ${finalHash}`,
    `NOT private: ${notPrivate(plan.method).message}`,
  ]);
}
