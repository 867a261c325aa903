import { maskDigest, maskSize } from "../masks/index.js";
import type { ReplayState } from "./stage-state.js";

/** What is told of a stage's mask: enough to compare two replays. Public. */
export interface MaskSummary {
  /** From 0. */
  readonly stage: number;
  /** |M|. */
  readonly weights: number;
  /** SHA-256 of the mask. */
  readonly digest: string;
}

/** The masks that are made so far, in the order of the stages. */
export function maskSummaries({ masks }: ReplayState): readonly MaskSummary[] {
  return [...masks]
    .sort(([a], [b]) => a - b)
    .map(([stage, mask]) => ({ stage, weights: maskSize(mask), digest: maskDigest(mask) }));
}
