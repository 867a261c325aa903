import type { Example, Task, TaskRecord } from "../tasks/index.js";
import { unitText } from "../unit-text.js";
import { TrainError } from "./errors.js";

/** The private records of a run, tokenised, and which of them make up each privacy unit. */
export interface PrivateExamples {
  readonly examples: readonly Example[];
  /** Indices into `examples`, by unit in the order of first appearance; none where each record is its own unit. */
  readonly units: readonly (readonly number[])[] | undefined;
  /** How many units there are: records, where each is its own. */
  readonly size: number;
}

/**
 * Tokenises every private record and puts those of one unit together.
 *
 * What a unit is called is compared here and kept nowhere. A record that is in no unit is refused, never dropped: nobody
 * would know whom the guarantee is for.
 *
 * @param unit the column that tells records' units; each record its own unit where there is none
 * @throws {TrainError} `unit-missing`, {TaskError}: with the line, and nothing of the record
 */
export async function readPrivateExamples(
  task: Pick<Task, "example">,
  records: AsyncIterable<TaskRecord>,
  unit: string | undefined,
): Promise<PrivateExamples> {
  const examples: Example[] = [];
  const members = new Map<string, number[]>();
  for await (const record of records) {
    const index = examples.push(task.example(record)) - 1;
    if (unit === undefined) continue;
    const name = nameOf(record, unit);
    const others = members.get(name);
    if (others === undefined) members.set(name, [index]);
    else others.push(index);
  }
  if (unit === undefined) return { examples, units: undefined, size: examples.length };
  return { examples, units: [...members.values()], size: members.size };
}

function nameOf({ unit, line }: TaskRecord, column: string): string {
  const name = unitText(unit);
  if (name !== undefined && name !== "") return name;
  throw new TrainError("unit-missing", {
    message: `The record at line ${line} has nothing in ${JSON.stringify(column)} that tells its privacy unit.`,
    value: line,
    expected: "a string, a boolean, or a whole number of at most 15 digits in every record",
  });
}
