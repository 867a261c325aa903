import type { TokenRecord } from "../model/token-batch.js";

/** What a model sees of a text. */
export interface Prompted {
  readonly prompt: TokenRecord;
}

/** The shape that a text is run in, by itself or among others. */
export interface TextShape {
  /** Padded length in tokens. */
  readonly positions: number;
  /** Padded number of positions that are read. */
  readonly rows: number;
}

/** Texts of one shape that go through the blocks together, in a graph for {@link textsPerMicroBatch} texts. */
export interface MicroBatch extends TextShape {
  /** Indices into the list of texts. What follows the last of them in the graph's rows is padding. */
  readonly members: readonly number[];
}

/** Padded lengths are multiples of this many tokens. */
const lengthStep = 16;
/** Where a text reads several positions, their padded number is a multiple of this. */
const rowStep = 4;
/**
 * Tokens in a micro-batch. A product of 256 rows costs up to 6 % more a row than one of 512, and wastes less on padding.
 */
const tokensPerMicroBatch = 256;
/** Rows that go through the head together; a product of 64 rows costs twice as much a row. */
const rowsPerHeadBatch = 128;
/** Logits of a head batch where a row has the whole vocabulary: 64 MiB. */
const logitsPerHeadBatch = 2 ** 24;

/**
 * The padded length of a text, from its own length alone.
 *
 * It must not depend on the other texts of a batch: sums in floating point run in another order at another
 * length, and then one record could change what another contributes.
 */
export function paddedLength(tokens: number, maximumTokens: number): number {
  return Math.min(maximumTokens, Math.ceil(tokens / lengthStep) * lengthStep);
}

/** How many positions a text reads: one row each at the head. */
export function rowsRead({ readPositions }: TokenRecord): number {
  return readPositions?.length ?? 1;
}

/** The padded number of rows of a text at the head, from its own number alone. */
export function paddedRows(prompt: TokenRecord): number {
  if (prompt.readPositions === undefined) return 1;
  return Math.max(rowStep, Math.ceil(rowsRead(prompt) / rowStep) * rowStep);
}

/** The shape of a text: a function of this text and of public limits alone. */
export function shapeOf(prompt: TokenRecord, maximumTokens: number): TextShape {
  return { positions: paddedLength(prompt.inputIds.length, maximumTokens), rows: paddedRows(prompt) };
}

/**
 * How many texts of a length a micro-batch has room for: always as many, however few there are to fill it.
 *
 * A matrix kernel's blocking depends on the number of its rows, so a record that joins a batch could change the last
 * bits of what the others give, if the batch grew with it.
 */
export function textsPerMicroBatch(positions: number): number {
  return Math.max(1, Math.floor(tokensPerMicroBatch / positions));
}

/** How many texts with `rows` rows each go through the head together: always as many. */
export function textsPerHeadBatch(rows: number, words: number): number {
  const most = Math.min(rowsPerHeadBatch, Math.floor(logitsPerHeadBatch / words));
  return Math.max(1, Math.floor(most / rows));
}

/** Groups texts by shape, longest first, into micro-batches of a fixed number of texts. */
export function microBatches(
  texts: readonly Prompted[],
  members: Iterable<number>,
  maximumTokens: number,
): readonly MicroBatch[] {
  const groups = new Map<string, { shape: TextShape; members: number[] }>();
  for (const member of members) {
    const prompt = texts[member]?.prompt;
    if (prompt === undefined) continue;
    const shape = shapeOf(prompt, maximumTokens);
    const key = `${shape.positions}/${shape.rows}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { shape, members: [member] });
    else group.members.push(member);
  }
  return [...groups.values()]
    .sort((a, b) => b.shape.positions - a.shape.positions || b.shape.rows - a.shape.rows)
    .flatMap(({ shape, members: group }) => split(group, shape));
}

function split(members: readonly number[], shape: TextShape): readonly MicroBatch[] {
  const size = textsPerMicroBatch(shape.positions);
  return Array.from({ length: Math.ceil(members.length / size) }, (_, index) => ({
    ...shape,
    members: members.slice(index * size, (index + 1) * size),
  }));
}
