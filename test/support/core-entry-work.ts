/**
 * Work for the core entry that touches nothing but its public names and web APIs, so that the same lines run in Node on
 * the source, and in a browser on the bundle.
 */
import type * as Dpzo from "../../src/index.js";

/** What the work is done on; plain JSON, so that it can travel into a page. */
export interface CoreWork {
  /** The base model's files, in base64. */
  readonly model: Readonly<Record<string, string>>;
  /** Lines of ledgers, by name. */
  readonly ledgers: Readonly<Record<string, readonly string[]>>;
}

/** What came of it; plain JSON as well. */
export interface CoreAnswer {
  readonly plan: unknown;
  /** How the entry refuses a plan without a budget. */
  readonly refusal: string;
  readonly replays: Readonly<Record<string, Replayed>>;
}

interface Replayed {
  readonly guarantee: readonly string[];
  /** SHA-256 of every file that the replay wrote, but the model card. */
  readonly files: Readonly<Record<string, string>>;
  /** The model card's text: it states epsilon to the last bit. */
  readonly card: string;
}

/** Plans a run, and verifies and replays every ledger. */
export async function coreWork(dpzo: typeof Dpzo, { model, ledgers }: CoreWork): Promise<CoreAnswer> {
  const base = dpzo.memoryFolder(
    "tiny",
    Object.fromEntries(Object.entries(model).map(([name, text]) => [name, bytesOf(text)])),
  );
  const replays: Record<string, Replayed> = {};
  for (const [name, lines] of Object.entries(ledgers)) {
    replays[name] = await replayed(dpzo, await dpzo.openCheckpoint(base), lines);
  }
  const config = base.files.get("config.json") ?? new Uint8Array();
  const description = dpzo.describeModel(
    JSON.parse(new TextDecoder().decode(config)) as Parameters<typeof dpzo.describeModel>[0],
  );
  return { plan: plan(dpzo, description, { epsilon: 100 }), refusal: refusal(dpzo), replays };
}

async function replayed(
  dpzo: typeof Dpzo,
  base: Dpzo.Checkpoint,
  lines: readonly string[],
): Promise<Replayed> {
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
  const out = dpzo.memoryFolder("replayed");
  const checked = await dpzo.replayLedger(base, bytes, out);
  const files: Record<string, string> = {};
  for (const [file, content] of out.files) if (file !== "README.md") files[file] = await sha256(content);
  const card = new TextDecoder().decode(out.files.get("README.md"));
  const isPrivate = dpzo.isPrivate(checked.plan);
  return { guarantee: isPrivate ? dpzo.guaranteeInWords(dpzo.verifyLedger(bytes)) : [], files, card };
}

function plan(
  dpzo: typeof Dpzo,
  description: Dpzo.ModelDescription,
  change: Partial<Dpzo.TrainConfigInput>,
): Dpzo.Plan {
  const settings = { delta: 1e-5, steps: 6, batch: 40, directions: 3, stages: 2, learningRate: 0.05 };
  return dpzo.makePlan({
    config: dpzo.trainConfigSchema.parse({ ...settings, clip: 4, seed: 7, publicSize: 40, ...change }),
    description,
    baseDigest: "0".repeat(64),
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 32 },
    publicSize: 40,
    random: dpzo.operatingSystemRandom,
  });
}

/** The words of zod's own faults travel in its language files, which a bundler could leave out. */
function refusal(dpzo: typeof Dpzo): string {
  const parsed = dpzo.trainConfigSchema.safeParse({ steps: "many" });
  return parsed.success ? "" : parsed.error.issues.map(({ message }) => message).join("\n");
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
