import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketByLength } from "./bucket-by-length.js";

const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 });

test("a record's padded length depends on its own length alone", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 200 }), (others, own) => {
      const buckets = bucketByLength([...others, own], { rowsPerMicroBatch: 4 });
      const mine = buckets.find(({ members }) => members.includes(others.length));
      expect(mine?.positions).toBe(bucketByLength([own], { rowsPerMicroBatch: 4 })[0]!.positions);
      expect(mine!.positions % 16).toBe(0);
      expect(mine!.positions - own).toBeLessThan(16);
      expect(mine!.positions).toBeGreaterThanOrEqual(own);
    }),
  );
});

test("every record is in exactly one micro-batch, none too large", () => {
  fc.assert(
    fc.property(lengths, (all) => {
      const buckets = bucketByLength(all, { rowsPerMicroBatch: 7 });
      const members = buckets.flatMap((bucket) => bucket.members).sort((a, b) => a - b);
      expect(members).toEqual(all.map((_, index) => index));
      expect(buckets.every((bucket) => bucket.members.length <= 7)).toBe(true);
    }),
  );
});

test("no records make no micro-batches, and absurd options are refused", () => {
  expect(bucketByLength([], { rowsPerMicroBatch: 1 })).toEqual([]);
  for (const options of [{ rowsPerMicroBatch: 0 }, { rowsPerMicroBatch: 1, width: 1.5 }]) {
    expect(() => bucketByLength([1], options)).toThrow(expect.objectContaining({ code: "invalid-bucket" }));
  }
});
