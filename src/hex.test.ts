import fc from "fast-check";
import { expect, test } from "vitest";

import { bytesFromHex, hexFromBytes } from "./hex.js";

test("bytes are two lower-case digits each, leading zeros kept", () => {
  expect(hexFromBytes(Uint8Array.of(0, 1, 15, 16, 255))).toBe("00010f10ff");
  expect(hexFromBytes(new Uint8Array())).toBe("");
});

test("property: bytes come back from their hexadecimal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(bytesFromHex(hexFromBytes(bytes))).toEqual(bytes);
    }),
  );
});
