import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeBase64,
  decodeCharset,
  decodeHeaderWords,
  decodeQuotedPrintable,
} from "./transfer-encoding.js";

test("quoted-printable: codes, soft line ends, and stray signs", () => {
  expect(decodeQuotedPrintable("caf=E9 =\nat 50% =3D half=20\n=zz")).toBe("caf\xe9 at 50% = half \n=zz");
});

test("base64 with line ends and garbage", () => {
  expect(decodeBase64("aGVs\nbG8=\n")).toBe("hello");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const encoded = Buffer.from(bytes)
        .toString("base64")
        .replace(/(.{7})/g, "$1\n");
      expect(decodeBase64(encoded)).toBe(Buffer.from(bytes).toString("latin1"));
    }),
  );
});

test("character sets: named, unknown, missing", () => {
  expect(decodeCharset("caf\xe9", "iso-8859-1")).toBe("café");
  expect(decodeCharset("\xc3\xa9", "utf-8")).toBe("é");
  expect(decodeCharset("\x93hi\x94", "x-no-such-set")).toBe("“hi”");
  expect(decodeCharset("\x80 5", undefined)).toBe("€ 5");
  expect(decodeCharset("\xb0\xa1", "ks_c_5601-1987")).toBe("가");
});

test("encoded words in a header", () => {
  expect(decodeHeaderWords("Re: =?iso-8859-1?Q?caf=E9_au?= =?UTF-8?B?IGxhaXQ=?= !")).toBe(
    "Re: café au lait !",
  );
  expect(decodeHeaderWords("=?broken?Q?x")).toBe("=?broken?Q?x");
});
