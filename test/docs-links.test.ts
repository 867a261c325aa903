import { expect, test } from "vitest";

import { pages, textOf } from "./support/examples.js";
import { anchorsOf, brokenLinks, missingFiles } from "./support/page-links.js";

test("every relative link and anchor of a page leads somewhere", () => {
  const broken = pages.flatMap((file) =>
    brokenLinks(file, textOf(file), textOf).map((target) => `${file}: ${target}`),
  );
  expect(pages.length).toBeGreaterThan(15);
  expect(broken).toEqual([]);
});

test("every path that a page names is in the repository", () => {
  expect(pages.flatMap((file) => missingFiles(file, textOf(file)).map((path) => `${file}: ${path}`))).toEqual(
    [],
  );
});

test("a page that is not there, an anchor that is not there and a file that is not there are found", () => {
  const links = "[a](nowhere.md) [b](cli.md#no-such-part) [c](cli.md#train) [d](https://x.test/)";
  const page = `${links} \`src/nowhere.ts\` \`src/index.ts\``;
  expect(brokenLinks("docs/x.md", page, textOf)).toEqual(["nowhere.md", "cli.md#no-such-part"]);
  expect(missingFiles("docs/x.md", page)).toEqual(["src/nowhere.ts"]);
});

test("anchors are GitHub's: lower case, no punctuation, numbered where a heading is repeated", () => {
  const text = "# Command line\n## What's `--json`?\n### JSON\n```sh\n# no heading\n```\n### JSON\n";
  expect([...anchorsOf(text)]).toEqual(["command-line", "whats---json", "json", "json-1"]);
});
