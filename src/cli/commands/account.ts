import { writeFileSync } from "node:fs";

import { Option } from "commander";
import * as z from "zod";

import {
  AccountingError,
  epsilon,
  type Event,
  groupEpsilon,
  rdpEpsilon,
  underRelation,
} from "../../accounting/index.js";
import { toDpAccounting } from "../../accounting/interchange.js";
import { planEvent } from "../../plan/event.js";
import type { Plan } from "../../plan/plan.js";
import { type UnitWords, unitWords } from "../../plan/unit.js";
import { verifyLedger } from "../../verify/verify.js";
import { readEventFile, releasedEvent, releaseSchema } from "../account-event.js";
import { type CurvePoint, curvePicture } from "../curve-picture.js";
import { UsageError } from "../errors.js";
import { readFlagFile } from "../flag-file.js";
import { accountGroups } from "../flag-groups.js";
import { addSchemaOptions, readConfigFile, resolveSettings } from "../options.js";
import { resolveNamedSettings } from "../named-settings.js";
import { figure } from "../output.js";
import { refuseOverlap } from "../overlap.js";
import { planFor, planSettingsSchema } from "./plan.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf } from "./shared.js";

const accountSchema = z.strictObject({
  ...releaseSchema.shape,
  delta: z
    .number()
    .gte(0)
    .lte(1)
    .optional()
    .describe(
      "delta of the guarantee; 0 asks for the pure epsilon (default: from the ledger or configuration)",
    ),
  accountant: z
    .enum(["pld", "rdp"])
    .default("pld")
    .describe("pld: two tight bounds; rdp: Renyi divergences, an upper bound only"),
  neighbouring: z
    .enum(["add-or-remove-one", "replace-special", "replace-one"])
    .default("add-or-remove-one")
    .describe("which data sets count as neighbours"),
  group: z.number().int().min(1).default(1).describe("records (or units) that are added or removed together"),
  ledger: z.string().optional().describe("ledger.jsonl of a run; counts the steps it holds"),
  event: z
    .string()
    .optional()
    .describe("JSON file with a privacy event, in the form of dpzo or of google dp_accounting"),
  curve: z.boolean().optional().describe("print epsilon at every power of ten of delta too"),
  svg: z.string().optional().describe("draw the curve to this SVG file"),
});

type AccountSettings = z.infer<typeof accountSchema>;

/** What is accounted for: an event for the upper bound, and one that spends no more for the lower. */
interface Released {
  readonly upper: Event;
  readonly lower: Event;
  readonly delta: number | undefined;
  /** What may be added or removed. */
  readonly unit: UnitWords["name"];
}

/** `dpzo account`: epsilon of what was released, between two bounds. */
export const accountCommand: CommandFactory = () => {
  const command = baseCommand("account", "Compute epsilon for a ledger, a configuration or any releases.");
  addSchemaOptions(command, accountSchema, accountGroups);
  command.addOption(
    new Option(
      "--config <file>",
      "YAML or JSON file with these settings, or with those of dpzo train",
    ).helpGroup("What was released:"),
  );
  return command.action(async (flags: Record<string, unknown>) => {
    const { settings, released } = await readQuestion(settingsOf(flags));
    const delta = settings.delta ?? released.delta;
    if (delta === undefined) {
      throw new UsageError("usage", { message: "--delta is missing.", expected: "a number from 0 to 1" });
    }
    const answer = pointOf(settings, released, delta);
    const deltas = settings.curve === true || settings.svg !== undefined ? curveDeltas(delta) : [];
    const curve = deltas.map((at) => (at === delta ? answer : pointOf(settings, released, at)));
    await refuseOverPicture(settings, flags["config"]);
    if (settings.svg !== undefined) writeFileSync(settings.svg, curvePicture(curve, answer));
    tell(flags, settings, released, answer, curve);
  });
};

/** @throws {UsageError} `usage` for a picture in the place of what it is drawn from */
async function refuseOverPicture({ svg, ledger, event }: AccountSettings, config: unknown): Promise<void> {
  if (svg === undefined) return;
  const inputs = [
    { name: "--ledger", path: ledger },
    { name: "--event", path: event },
    { name: "--config", path: typeof config === "string" ? config : undefined },
  ];
  await refuseOverlap(inputs, { files: [{ name: "--svg", path: svg }], folders: [] });
}

async function readQuestion(
  flags: Readonly<Record<string, unknown>>,
): Promise<{ settings: AccountSettings; released: Released }> {
  const { config, ...rest } = flags;
  if (typeof config === "string" && describesTraining(config)) {
    const settings = resolveSettings(accountSchema, rest);
    return {
      settings,
      released: spentBy(await planFor(resolveNamedSettings(planSettingsSchema, { config }))),
    };
  }
  const settings = resolveSettings(accountSchema, flags);
  return { settings, released: releasedBy(settings) };
}

/** Whether a configuration is one of `dpzo train`: it names a model. */
function describesTraining(path: string): boolean {
  return "model" in readConfigFile(path);
}

function releasedBy(settings: AccountSettings): Released {
  if (settings.ledger !== undefined) {
    const { plan, steps } = verifyLedger(readFlagFile(settings.ledger));
    return spentBy(plan, steps);
  }
  const event = settings.event === undefined ? releasedEvent(settings) : readEventFile(settings.event);
  return { upper: event, lower: event, delta: undefined, unit: "record" };
}

function spentBy(plan: Plan, steps?: number): Released {
  return {
    upper: planEvent(plan, steps),
    lower: planEvent(plan, steps, "lower"),
    delta: plan.privacy.delta,
    unit: unitWords(plan.privacy.unit).name,
  };
}

const relations = {
  "add-or-remove-one": "addOrRemoveOne",
  "replace-special": "replaceSpecial",
  "replace-one": "replaceOne",
} as const;

function pointOf(settings: AccountSettings, released: Released, delta: number): CurvePoint {
  const ask = (event: Event): { epsilon: number; epsilonLower: number } => {
    const related = underRelation(event, relations[settings.neighbouring]);
    if (settings.group > 1) {
      if (settings.accountant === "pld") return groupEpsilon(related, delta, settings.group);
      throw new UsageError("usage", {
        message: "--group is answered by --accountant pld only.",
        value: settings.group,
      });
    }
    return settings.accountant === "rdp" ? rdpEpsilon(related, delta) : epsilon(related, delta);
  };
  try {
    const upper = ask(released.upper);
    const lower = released.lower === released.upper ? upper : ask(released.lower);
    return { delta, epsilon: upper.epsilon, epsilonLower: lower.epsilonLower };
  } catch (error) {
    if (!(error instanceof AccountingError && error.code === "no-pure-epsilon")) throw error;
    return { delta, epsilon: Infinity, epsilonLower: Infinity };
  }
}

/** Powers of ten around the delta in question, it among them. */
function curveDeltas(delta: number): readonly number[] {
  const deltas = Array.from({ length: 12 }, (_, index) => Number(`1e${index - 12}`));
  return [...new Set([...deltas, ...(delta > 0 && delta < 1 ? [delta] : [])])].sort((a, b) => a - b);
}

/** JSON has no infinity, and null would pass for a small number in a comparison. */
function asJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function tell(
  flags: Record<string, unknown>,
  { neighbouring, group, accountant, svg }: AccountSettings,
  { upper, unit }: Released,
  answer: CurvePoint,
  curve: readonly CurvePoint[],
): void {
  const point = (at: CurvePoint): Record<string, unknown> => ({
    delta: at.delta,
    epsilon: asJson(at.epsilon),
    epsilonLower: asJson(at.epsilonLower),
  });
  const pure = answer.delta === 0 ? { pure: Number.isFinite(answer.epsilon) } : {};
  outputFor(flags).answer(
    {
      ...point(answer),
      ...pure,
      accountant,
      neighbouring,
      ...(group > 1 && { group }),
      ...(curve.length > 0 && { curve: curve.map(point) }),
      event: upper,
      dpAccountingEvent: toDpAccounting(upper),
    },
    () => [
      answerInWords(answer),
      `neighbouring data sets: ${neighbouring}, ${group === 1 ? `one ${unit}` : `up to ${group} ${unit}s`}; accountant ${accountant}`,
      ...curve.map(
        (at) => `  delta ${at.delta.toExponential(0).padStart(6)}  epsilon ${figure(at.epsilon, 4)}`,
      ),
      ...(svg === undefined ? [] : [`curve drawn into ${svg}`]),
    ],
  );
}

function answerInWords({ delta, epsilon: upper, epsilonLower: lower }: CurvePoint): string {
  if (delta === 0 && upper === Infinity) {
    return "no pure epsilon: with this noise the loss has no bound, so delta must be above 0";
  }
  const isCoarse = upper - lower > Math.max(1e-3 * upper, 1e-5);
  const between =
    lower === upper
      ? "exactly"
      : `true value between ${figure(lower, 6)} and that${isCoarse ? "; a coarse bound" : ""}`;
  return `epsilon ${figure(upper, 6)} (${between}) at delta ${delta}`;
}
