import { DpzoError } from "../errors.js";
import { TrainError } from "./errors.js";

/** What the private side does. */
export type PrivateWork = "reading" | "passes" | "release";

const failures: Readonly<Record<PrivateWork, { readonly message: string; readonly next: string }>> = {
  reading: {
    message: "Reading the private records failed; the message is withheld, it may quote data.",
    next: "Nothing was released. Try a public file with the same columns: `dpzo eval --model DIR --data FILE`.",
  },
  passes: {
    message:
      "The forward passes on private records failed; the runtime's message is withheld, it may quote data.",
    next:
      "Nothing was released, and a step that had begun is charged. Run `dpzo doctor --model DIR`, then the same " +
      "command again.",
  },
  release: {
    message: "The noised sum of a step failed; the message is withheld, it may quote data.",
    next: "The step is charged as lost. Please report it with the plan of the run, which is public.",
  },
};

/**
 * Runs a piece of the private side: reading records, frozen stages, differences, the way to the release.
 *
 * Everything that touches a private record runs inside it. Errors of dpzo's own come through, since none carries a
 * private value; of any other (a runtime's, a library's, the language's own) neither message nor stack nor cause does.
 *
 * @throws {TrainError} `private-side-failed`
 * @example
 * const batch = await guarded("reading", () => readBatch());
 */
export async function guarded<T>(work: PrivateWork, privateSide: () => T | Promise<T>): Promise<T> {
  try {
    return await privateSide();
  } catch (error) {
    if (error instanceof DpzoError) throw error;
    throw new TrainError("private-side-failed", failures[work]);
  }
}
