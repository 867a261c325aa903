import type { Example, Judgement, Reading } from "../tasks/index.js";

/** A record, and where its texts stand in the list of all. */
interface UnitRecord {
  readonly example: Example;
  readonly texts: readonly number[];
}

/** Everything one privacy unit contributes with. */
export interface Unit {
  readonly records: readonly UnitRecord[];
}

/**
 * The units of a data set, with their records' texts numbered one after another over all examples.
 *
 * @param units indices of each unit's records; each record its own unit where there is none
 */
export function unitsOf(
  examples: readonly Example[],
  units: readonly (readonly number[])[] | undefined,
): readonly Unit[] {
  let text = 0;
  const records = examples.map((example): UnitRecord => ({
    example,
    texts: example.texts.map(() => text++),
  }));
  if (units === undefined) return records.map((record) => ({ records: [record] }));
  return units.map((members) => ({ records: members.flatMap((member) => records[member] ?? []) }));
}

/** The indices of all texts of these units, each once. */
export function textsOf(units: readonly Unit[]): Iterable<number> {
  return new Set(units.flatMap(({ records }) => records.flatMap(({ texts }) => texts)));
}

/** The mean of a unit's losses, in float64 and in the order of its records: a unit of one has that record's loss. */
export function unitLoss(
  { records }: Unit,
  readings: ReadonlyMap<number, Reading>,
  loss: Judgement["loss"],
): number {
  let sum = 0;
  for (const { example, texts } of records) {
    sum += loss(
      example,
      texts.map((text) => readings.get(text) ?? []),
    );
  }
  return sum / records.length;
}
