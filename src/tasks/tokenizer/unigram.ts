import * as z from "zod";
import type { ModelSettings, TokenModel } from "./token-model.js";
import { PrefixTable } from "./prefix-table.js";
import { read, refused } from "./read.js";
import { remembered } from "./remembered.js";
import { asBytes, byteIds, checkedToken, idLimit } from "./vocabulary.js";

const schema = z.looseObject({ unk_id: z.int().nonnegative(), byte_fallback: z.boolean().default(false) });
/** What is not in the vocabulary scores so much less than the worst token. */
const unknownPenalty = 10;

/** A best way to a place of the text: its score, its last token, and where that begins. */
interface Way {
  readonly score: number;
  readonly start: number;
  readonly id: number;
}

/**
 * SentencePiece's unigram model: the way through the text whose tokens' scores add up to most.
 *
 * Characters that are in no token score as the unknown one; those side by side are one unknown token, or their bytes where
 * `byte_fallback` is set and the vocabulary has all of them.
 *
 * @throws {TaskError} code `invalid-tokenizer`; also where `unk_id` is absent, since such a model fails on some text.
 * @see Kudo 2018, arXiv:1804.10959; google/sentencepiece `unigram_model.cc`
 */
export function createUnigram(settings: ModelSettings): TokenModel {
  const { unk_id: unknownId, byte_fallback } = read(schema, settings, "model");
  const { ids: vocabulary, scores } = readScores(settings["vocab"]);
  const unknown = [...vocabulary.keys()][unknownId];
  if (unknown === undefined) throw refused("model.unk_id", `the vocabulary has no id ${unknownId}`);
  const table = new PrefixTable(vocabulary.keys());
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - unknownPenalty;
  const bytes = byteIds(vocabulary);
  const idsOf = (text: string): readonly number[] => {
    const id = vocabulary.get(text);
    if (id !== undefined) return [id];
    return (byte_fallback ? asBytes(text, bytes) : undefined) ?? [unknownId];
  };
  const encode = remembered((piece) => {
    const ways = bestWays(piece, { table, vocabulary, scores, unknownScore, unknownId });
    return textsOf(piece, ways, unknownId).flatMap(idsOf);
  });
  return { vocabulary, unknown, continuing: undefined, encode };
}

function readScores(value: unknown): {
  readonly ids: Map<string, number>;
  readonly scores: readonly number[];
} {
  const at = "model.vocab";
  if (!Array.isArray(value) || value.length === 0)
    throw refused(at, "there is no vocabulary", "pairs of a token and its score");
  if (value.length > idLimit) throw refused(at, `it has ${value.length} tokens`);
  const ids = new Map<string, number>();
  const scores = (value as readonly unknown[]).map((pair, id) => {
    const [token, score] = Array.isArray(pair) && pair.length === 2 ? (pair as readonly unknown[]) : [];
    if (typeof token !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
      throw refused(`${at}.${id}`, "it is no pair of a token and its score");
    }
    if (ids.has(token)) throw refused(`${at}.${id}`, "the token stands in the vocabulary twice");
    ids.set(checkedToken(token, `${at}.${id}`), id);
    return score;
  });
  return { ids, scores };
}

interface Search {
  readonly table: PrefixTable;
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly scores: readonly number[];
  readonly unknownScore: number;
  readonly unknownId: number;
}

/** The best way to every place; the earlier found stays where two are level. */
function bestWays(text: string, search: Search): readonly (Way | undefined)[] {
  const ways: (Way | undefined)[] = Array.from({ length: text.length + 1 });
  const offer = (end: number, way: Way): void => {
    const best = ways[end];
    if (best === undefined || way.score > best.score) ways[end] = way;
  };
  for (let start = 0; start < text.length;) {
    const before = ways[start]?.score ?? 0;
    const width = (text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
    const lengths = new Set<number>();
    search.table.visit(text, start, (token) => {
      const id = search.vocabulary.get(token) ?? 0;
      offer(start + token.length, { score: (search.scores[id] ?? 0) + before, start, id });
      lengths.add(token.length);
    });
    if (!lengths.has(width))
      offer(start + width, { score: search.unknownScore + before, start, id: search.unknownId });
    start += width;
  }
  return ways;
}

/** The texts of the best way to the end, unknown ones side by side as one. */
function textsOf(text: string, ways: readonly (Way | undefined)[], unknownId: number): readonly string[] {
  const texts: string[] = [];
  let unknownEnd: number | undefined;
  let end = text.length;
  for (let way = ways[end]; end > 0 && way !== undefined; way = ways[end]) {
    if (way.id === unknownId) unknownEnd ??= end;
    else {
      if (unknownEnd !== undefined) texts.push(text.slice(end, unknownEnd));
      unknownEnd = undefined;
      texts.push(text.slice(way.start, end));
    }
    end = way.start;
  }
  if (unknownEnd !== undefined) texts.push(text.slice(0, unknownEnd));
  return texts.reverse();
}
