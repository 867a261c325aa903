import fc from "fast-check";
import { expect, test } from "vitest";

import { Markup, markup } from "./markup.js";

test("strings are escaped, markup is not, lists are joined, undefined is nothing", () => {
  expect(markup`<p title="${`"'\``}">${"<b>&"}</p>`.text).toBe(
    '<p title="&quot;&#39;&#96;">&lt;b&gt;&amp;</p>',
  );
  expect(markup`${markup`<br />`}${[new Markup("<i>"), "<"]}${undefined}`.text).toBe("<br /><i>&lt;");
});

test("characters that reorder or cut text are made visible", () => {
  expect(markup`${"a\u202eb\u2066c\u0000d\ud800e"}`.text).toBe("a\ufffdb\ufffdc\ufffdd\ufffde");
  expect(markup`${"tab\tline\nemoji 😀 עברית"}`.text).toBe("tab\tline\nemoji 😀 עברית");
});

test("property: no string brings a tag, a quote or an open entity of its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = markup`${text}`.text;
      expect(escaped).not.toMatch(/[<>"'`]/u);
      expect(escaped).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39|#96);)/u);
    }),
  );
});
