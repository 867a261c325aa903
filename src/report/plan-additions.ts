import type { Plan, PlanStage } from "../plan/index.js";
import type { MaskSummary } from "../replay/index.js";
import type { AdaptiveClipSpec } from "../schedule/index.js";
import { formatNumber } from "./format.js";
import { type Markup, markup } from "./markup.js";

/** One field of the plan, or what follows from it. */
type Row = readonly [field: string, name: string, value: string];

/**
 * What the plan says beyond a plain schedule: adapters, masks, estimates, clips and batches of single stages, and the rule that
 * shrinks releases. Nothing where it says no more.
 */
export function planAdditions(
  plan: Plan,
  masks: readonly MaskSummary[] = [],
  clipThresholds: ReadonlyMap<number, number> = new Map(),
): Markup | undefined {
  const rows = [
    ...adapterRows(plan.adapter),
    ...shrinkageRows(plan.shrinkage),
    ...plan.stages.flatMap((stage, index) => stageRows(stage, index, clipThresholds.get(index))),
    ...masks.flatMap(maskRows),
  ];
  if (rows.length === 0) return undefined;
  return markup`<h3>Beyond the plain schedule</h3>
<div class="scroll"><table class="plan">
<tbody>${rows.map(
    ([
      field,
      name,
      value,
    ]) => markup`<tr data-field="${field}"><th scope="row">${name}</th><td>${value}</td></tr>
`,
  )}</tbody>
</table></div>
<p class="note">All of it is public and costs no privacy; the count that a clip follows is one more coordinate of the vector that is released
under noise, within the same sensitivity. A mask is a function of the base, this plan and the ledger's
lines before its stage: replay makes it anew, and the hash here is there to be compared.</p>`;
}

function stageRows(stage: PlanStage, index: number, clipThreshold: number | undefined): readonly Row[] {
  const { smoothingUnit, estimator, clip, adaptiveClip, mask, sampling } = stage;
  const row = (field: string, name: string, value: string): Row => [
    `stages.${index}.${field}`,
    `stage ${index + 1}, ${name}`,
    value,
  ];
  return [
    ...(smoothingUnit ? [row("smoothingUnit", "smoothing", "the length of a perturbation")] : []),
    ...(estimator ? [row("estimator", "differences", "to the loss of the weights themselves")] : []),
    ...(clip ? [row("clip", "clip", "each difference on its own")] : []),
    ...(adaptiveClip ? adaptiveClipRows(adaptiveClip, clipThreshold, row) : []),
    ...(sampling
      ? [
          row("sampling.expectedBatch", "expected batch", formatNumber(sampling.expectedBatch)),
          row("sampling.numerator", "sampling rate, numerator", formatNumber(sampling.numerator)),
        ]
      : []),
    ...(mask ? maskSpecRows(mask, row) : []),
  ];
}

function adaptiveClipRows(
  { quantile, rate, countSensitivity }: AdaptiveClipSpec,
  clipThreshold: number | undefined,
  row: (field: string, name: string, value: string) => Row,
): readonly Row[] {
  const six = (value: number): string => formatNumber(value, { digits: 6 });
  return [
    row("adaptiveClip.quantile", "clip, follows this quantile of the norms", six(quantile)),
    row("adaptiveClip.rate", "clip, rate at which it follows", six(rate)),
    row(
      "adaptiveClip.countSensitivity",
      "clip, sensitivity of the count in lattice units",
      formatNumber(countSensitivity),
    ),
    ...(clipThreshold === undefined
      ? []
      : [row("adaptiveClip.threshold", "clip, the threshold it has come to", six(clipThreshold))]),
  ];
}

function maskSpecRows(
  mask: NonNullable<PlanStage["mask"]>,
  row: (field: string, name: string, value: string) => Row,
): readonly Row[] {
  const { score, strategy, granularity, ratio, floor, queries, rankWeights } = mask;
  const six = (value: number): string => formatNumber(value, { digits: 6 });
  return [
    row("mask.score", "mask, score", score),
    row("mask.strategy", "mask, strategy", strategy),
    row("mask.granularity", "mask, kept as one", granularity),
    row("mask.ratio", "mask, share that is kept", six(ratio)),
    row("mask.floor", "mask, least share of its part a tensor keeps", six(floor)),
    row("mask.queries", "mask, directions of an estimated score", formatNumber(queries)),
    ...(rankWeights
      ? [
          row("mask.rankWeights.high", "mask, factor of the best kept weight", six(rankWeights.high)),
          row("mask.rankWeights.low", "mask, factor of the last", six(rankWeights.low)),
        ]
      : []),
  ];
}

function maskRows({ stage, weights, digest }: MaskSummary): readonly Row[] {
  return [
    [`masks.${stage}.weights`, `stage ${stage + 1}, weights that its mask kept`, formatNumber(weights)],
    [`masks.${stage}.digest`, `stage ${stage + 1}, its mask's SHA-256`, digest],
  ];
}

function adapterRows(adapter: Plan["adapter"]): readonly Row[] {
  if (adapter === undefined) return [];
  const kind: Row = ["adapter.kind", "adapter", adapter.kind];
  if (adapter.kind === "prefix") {
    return [kind, ["adapter.length", "adapter, virtual tokens in every block", formatNumber(adapter.length)]];
  }
  const { rank, alpha, modules, blocks } = adapter;
  return [
    kind,
    ["adapter.rank", "adapter, rank", formatNumber(rank)],
    ["adapter.alpha", "adapter, alpha (its output is multiplied by alpha / rank)", formatNumber(alpha)],
    ["adapter.modules", "adapter, beside these layers", modules.join(", ")],
    ["adapter.blocks", "adapter, last blocks that carry it", formatNumber(blocks)],
  ];
}

function shrinkageRows(shrinkage: Plan["shrinkage"]): readonly Row[] {
  if (shrinkage === undefined) return [];
  const rule: Row = ["shrinkage.rule", "shrinkage of releases", shrinkage.rule];
  if (shrinkage.rule === "james-stein") return [rule];
  return [
    rule,
    ["shrinkage.decay", "shrinkage, weight of the past", formatNumber(shrinkage.decay)],
    ["shrinkage.warmup", "shrinkage, steps of warm-up", formatNumber(shrinkage.warmup)],
    ["shrinkage.least", "shrinkage, least factor", formatNumber(shrinkage.least)],
  ];
}
