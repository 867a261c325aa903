import * as z from "zod";
import { mergeAll, type MergeRules, pairKey } from "./bpe-merge.js";
import type { ModelSettings, TokenModel } from "./token-model.js";
import { read, refused, shown } from "./read.js";
import { remembered } from "./remembered.js";
import { asBytes, byteIds, readVocabulary, requiredId } from "./vocabulary.js";

const schema = z.looseObject({
  dropout: z.literal(0, "merges are left out at random (dropout)").nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
});
type BpeSettings = z.infer<typeof schema>;

/**
 * Byte-pair encoding: characters, merged pair by pair in the order of the rules.
 *
 * @throws {TaskError} code `invalid-tokenizer` also for a rule whose parts or result are not in the vocabulary.
 * @see Sennrich et al. 2016, arXiv:1508.07909
 */
export function createBpe(settings: ModelSettings): TokenModel {
  const found = read(schema, settings, "model");
  const vocabulary = readVocabulary(settings["vocab"], "model.vocab");
  const prefix = found.continuing_subword_prefix ?? "";
  const rules = readMerges(settings["merges"], vocabulary, prefix);
  const symbols = symbolReader(found, vocabulary);
  const merged = remembered((piece) => mergeAll(symbols(piece), rules));
  const encode = (piece: string): readonly number[] => {
    const whole = found.ignore_merges === true ? vocabulary.get(piece) : undefined;
    return whole === undefined ? merged(piece) : [whole];
  };
  return { vocabulary, unknown: found.unk_token ?? undefined, continuing: undefined, encode };
}

/** The rules by pair of ids; of two rules for one pair the later counts, as in the reference. */
function readMerges(value: unknown, vocabulary: ReadonlyMap<string, number>, prefix: string): MergeRules {
  const at = "model.merges";
  if (!Array.isArray(value)) throw refused(at, "there are no merges", "a list of pairs of tokens");
  const rules = new Map<number, { readonly rank: number; readonly id: number }>();
  (value as readonly unknown[]).forEach((entry, rank) => {
    const [left, right] = pairOf(entry, `${at}.${rank}`);
    if (!right.startsWith(prefix))
      throw refused(`${at}.${rank}`, `the second part does not begin with ${shown(prefix)}`);
    const idOf = (token: string): number => requiredId(vocabulary, token, `${at}.${rank}`);
    const id = idOf(left + right.slice(prefix.length));
    rules.set(pairKey(idOf(left), idOf(right)), { rank, id });
  });
  return rules;
}

/** `["a", "b"]`, or `"a b"` as older files have it. */
function pairOf(entry: unknown, at: string): readonly [string, string] {
  const parts: readonly unknown[] =
    typeof entry === "string" ? entry.split(" ") : Array.isArray(entry) ? entry : [];
  const [left, right] = parts;
  if (parts.length !== 2 || typeof left !== "string" || typeof right !== "string") {
    throw refused(at, "it is no pair of tokens");
  }
  return [left, right];
}

/** The ids a piece begins with: its characters, or what stands for those that are not in the vocabulary. */
function symbolReader(
  settings: BpeSettings,
  vocabulary: ReadonlyMap<string, number>,
): (piece: string) => number[] {
  const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix, unk_token, fuse_unk } = settings;
  const bytes = settings.byte_fallback === true ? byteIds(vocabulary) : undefined;
  const unknownId =
    unk_token === null || unk_token === undefined
      ? undefined
      : requiredId(vocabulary, unk_token, "model.unk_token");
  return (piece) => {
    const characters = Array.from(piece);
    const ids: number[] = [];
    // An unknown character is put down only when the next known one comes; bytes overtake it, as in the reference.
    let waiting: number[] = [];
    for (const [index, character] of characters.entries()) {
      const start = index === 0 ? "" : (prefix ?? "");
      const symbol = start + character + (index === characters.length - 1 ? (suffix ?? "") : "");
      const id = vocabulary.get(symbol);
      const asItsBytes = id === undefined && bytes !== undefined ? asBytes(symbol, bytes) : undefined;
      if (asItsBytes !== undefined) ids.push(...asItsBytes);
      else if (id !== undefined) {
        ids.push(...waiting, id);
        waiting = [];
      } else if (unknownId !== undefined) {
        if (fuse_unk !== true) ids.push(...waiting);
        waiting = [unknownId];
      }
    }
    ids.push(...waiting);
    return ids;
  };
}
