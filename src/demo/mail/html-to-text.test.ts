import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeEntities } from "./html-entities.js";
import { htmlToText } from "./html-to-text.js";

const words = (html: string): string => htmlToText(html).replace(/\s+/g, " ").trim();

test("a person's reading of a page", () => {
  const page =
    "<html><head><title>T</title><style>p{color:red}</style></head><body bgcolor='#fff'><p>Dear&nbsp;friend,</p>" +
    '<table><tr><td>50%</td><td>off</td></tr></table><script>evil(1<2)</script><a href="x>y">click</a></body></html>';
  expect(words(page)).toBe("Dear friend, 50% off click");
});

test("a word that tags or comments are hidden in is one word; a block ends it", () => {
  expect(words("v<!-- zz -->ia<b></b>gra<font color=x>!</font>")).toBe("viagra!");
  expect(words("one<br>two<p>three<td>four")).toBe("one two three four");
});

test("signs that are no tags stay", () => {
  expect(words("1 < 2 and a<3 >")).toBe("1 < 2 and a<3 >");
});

test("broken markup loses at most one tag", () => {
  expect(words('<a href="x>y z</a> rest')).toContain("rest");
  expect(words("text <b")).toBe("text");
  expect(words("<script>never closed <body>seen")).toBe("seen");
  expect(words("a <!-- never closed> b")).toBe("a b");
});

test("entities: named, numbered, without semicolon, unknown", () => {
  expect(decodeEntities("&lt;&amp;&#65;&#x42;&nbsp&#146;&nosuch; AT&T &#1114112; &#0;")).toBe(
    "<&AB ’&nosuch; AT&T &#1114112; &#0;",
  );
});

test("any text is read without an error, and what has no sign of markup is unchanged", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("<", ">", "a", '"', "!", "-", "/", "&", " ") }), (html) => {
      expect(typeof htmlToText(html)).toBe("string");
    }),
  );
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/[<&]/.test(text)),
      (text) => {
        expect(htmlToText(text)).toBe(text);
      },
    ),
  );
});

test("a hostile page takes no longer than it is long", () => {
  expect(htmlToText('<a "'.repeat(50_000)).length).toBeLessThan(200_001);
  expect(htmlToText("<".repeat(200_000))).toHaveLength(200_000);
});
