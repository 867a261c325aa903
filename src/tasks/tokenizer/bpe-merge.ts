import { MergeQueue } from "./merge-queue.js";
import { idLimit } from "./vocabulary.js";

/** By `pairKey` of two neighbours: how early the rule comes, and the token that they become. */
export type MergeRules = ReadonlyMap<number, { readonly rank: number; readonly id: number }>;

/** Two ids as one exact number. */
export function pairKey(left: number, right: number): number {
  return left * idLimit + right;
}

/** Merges neighbours, the earliest rule first and of one rule the leftmost place, until no rule fits; in n log n steps. */
export function mergeAll(symbols: readonly number[], rules: MergeRules): readonly number[] {
  const ids: (number | undefined)[] = [...symbols];
  const next = ids.map((_, index) => (index + 1 < ids.length ? index + 1 : -1));
  const previous = ids.map((_, index) => index - 1);
  const queue = new MergeQueue();
  const ruleAt = (place: number): { readonly rank: number; readonly id: number } | undefined => {
    const [left, right] = [ids[place], ids[next[place] ?? -1]];
    return left === undefined || right === undefined ? undefined : rules.get(pairKey(left, right));
  };
  const offer = (place: number): void => {
    const rule = place < 0 ? undefined : ruleAt(place);
    if (rule !== undefined) queue.push({ ...rule, place });
  };
  for (let place = 0; place + 1 < ids.length; place += 1) offer(place);
  for (let merge = queue.pop(); merge !== undefined; merge = queue.pop()) {
    const { place } = merge;
    // A neighbour may have changed since; the reference looks at the result alone.
    if (ruleAt(place)?.id !== merge.id) continue;
    const right = next[place] ?? -1;
    const after = next[right] ?? -1;
    ids[place] = merge.id;
    ids[right] = undefined;
    next[place] = after;
    if (after >= 0) previous[after] = place;
    offer(previous[place] ?? -1);
    offer(place);
  }
  return ids.filter((id) => id !== undefined);
}
