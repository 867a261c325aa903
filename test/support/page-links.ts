import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import { repositoryPath } from "./shared.js";

/** A page without its code blocks, whose brackets are no links. */
export function withoutBlocks(text: string): string {
  return text.replaceAll(/^```.*?^```$/gmsu, "");
}

/** Anchors of a page's headings, as GitHub makes them: lower case, no punctuation, `-` for a space. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gmu)) {
    const anchor = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Links and pictures of a page that lead nowhere inside the repository; addresses of other sites are not asked. */
export function brokenLinks(file: string, text: string, read: (file: string) => string): readonly string[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/u.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#");
      const page = path === "" ? file : join(dirname(file), path);
      if (!existsSync(repositoryPath(page))) return true;
      return anchor !== undefined && page.endsWith(".md") && !anchorsOf(read(page)).has(anchor);
    });
}

/** Paths in code spans that name a file or folder of the repository and are not there; `NAME` stands for any. */
export function missingFiles(file: string, text: string): readonly string[] {
  const spans = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/gu)].map(([, span = ""]) => span);
  return spans.filter((span) => {
    const looksLikePath = /^(?:src|test|docs|tools|bench|examples|models|kernels|bin)\/[\w./-]+$/u.test(span);
    return (
      looksLikePath &&
      !span.includes("NAME") &&
      !existsSync(repositoryPath(span)) &&
      !existsSync(repositoryPath(join(dirname(file), span)))
    );
  });
}
