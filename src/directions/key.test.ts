import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { directionKey, KeyCache } from "./key.js";

const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

test("the key is SHA-256 of the domain, the run seed and the tensor's name", () => {
  const name = "größe\u2009🧪";
  const digest = createHash("sha256").update("dpzo/direction/1\n").update(seed).update(name, "utf8").digest();
  expect([...directionKey(seed, name)]).toEqual(
    Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(i * 4)),
  );
});

test("the cache follows the bytes of the seed, also when the caller overwrites its array", () => {
  const cache = new KeyCache();
  const mutable = seed.slice();
  const first = cache.get(mutable, "a");
  expect(cache.get(seed, "a")).toBe(first);
  mutable[31] = 200;
  expect([...cache.get(mutable, "a")]).toEqual([...directionKey(mutable, "a")]);
  expect([...cache.get(seed, "a")]).toEqual([...first]);
});

test("an all-zero seed is a seed like any other", () => {
  expect([...new KeyCache().get(new Uint8Array(32), "a")]).toEqual([
    ...directionKey(new Uint8Array(32), "a"),
  ]);
});
