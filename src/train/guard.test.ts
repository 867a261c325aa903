import { expect, test } from "vitest";

import { DpzoError } from "../errors.js";
import { FileError } from "../files.js";
import { guarded, type PrivateWork } from "./guard.js";

const canary = "quokkaville 30522";

async function failure(work: PrivateWork, thrown: unknown): Promise<DpzoError> {
  const error = await guarded(work, () => Promise.reject(thrown as Error)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DpzoError);
  return error as DpzoError;
}

test("what succeeds comes through, at once or later", async () => {
  expect(await guarded("passes", () => 1)).toBe(1);
  expect(await guarded("release", () => Promise.resolve(2))).toBe(2);
});

for (const work of ["reading", "passes", "release"] as const) {
  test(`${work}: nothing of a foreign error comes through, neither message nor stack nor cause`, async () => {
    const foreign = [
      new Error(canary),
      new TypeError(canary, { cause: canary }),
      new RangeError(canary),
      canary,
    ];
    for (const thrown of [...foreign, { message: canary, stack: canary }]) {
      const error = await failure(work, thrown);
      expect(error.code).toBe("private-side-failed");
      expect(error.cause).toBeUndefined();
      expect(`${error.stack ?? ""}${JSON.stringify(error)}${String(error.value)}`).not.toContain("quokka");
    }
  });
}

test("an error thrown before a promise is made is withheld too, and one of dpzo's own comes through", async () => {
  const thrown = guarded("release", () => {
    // The language's own message quotes the number.
    return BigInt(0.123456789);
  });
  await expect(thrown).rejects.toMatchObject({ code: "private-side-failed" });
  await expect(thrown).rejects.not.toThrow(/123456789/u);
  const own = new FileError("short-read", { message: "It ended." });
  expect(await failure("reading", own)).toBe(own);
});
