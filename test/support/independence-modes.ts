import type { WideKind } from "./wide-model.js";

/** One way to measure: what is trained, whether frozen stages are kept, and how many records at a time. */
export interface Mode {
  readonly name: string;
  readonly select: string;
  readonly keeps: boolean;
  readonly task: "label-words" | "options";
  /** Records in the file, of which batches are drawn. */
  readonly file: number;
  readonly batches: readonly number[];
}

/** Tokens of the records in the pool; 0 stands for the longest the model takes. One token, lengths about 16, and so on. */
export const poolLengths = [
  1, 2, 3, 5, 8, 11, 14, 16, 16, 12, 9, 7, 17, 24, 31, 32, 33, 0, 1, 13, 10, 6, 15, 4,
];
/** The modes of one round; batch sizes change by round, so that many row counts occur. */
export function modesOf(kind: WideKind, scale: number, round: number): readonly Mode[] {
  const sizes = (...list: readonly number[]): readonly number[] =>
    list.map((size) => Math.max(1, Math.round(size > 40 ? size * scale : size)));
  const words = { task: "label-words" } as const;
  const modes: Mode[] = [
    {
      ...words,
      name: "all",
      select: "all",
      keeps: false,
      file: 150,
      batches: sizes(129 - round, 3 + round, 1, 19),
    },
    {
      ...words,
      name: "block, kept",
      select: "last:1",
      keeps: true,
      file: 70,
      batches: sizes(48 + round, 7, 1),
    },
    { ...words, name: "block", select: "last:1", keeps: false, file: 40, batches: sizes(20, 2 + round) },
    {
      ...words,
      name: "head, kept",
      select: "head",
      keeps: true,
      file: 150,
      batches: sizes(150, 64, 9 + round, 1),
    },
    { ...words, name: "head", select: "head", keeps: false, file: 40, batches: sizes(25 + round) },
  ];
  if (kind === "bert") return modes;
  const options = { task: "options", select: "last:1" } as const;
  return [
    ...modes,
    { ...options, name: "options, kept", keeps: true, file: 20, batches: sizes(13, 1) },
    { ...options, name: "options", keeps: false, file: 20, batches: sizes(5 + round) },
  ];
}
