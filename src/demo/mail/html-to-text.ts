import { decodeEntities } from "./html-entities.js";

/** Tags whose content nobody reads. */
const unread = new Set(["script", "style", "head", "title", "object", "applet", "select", "textarea"]);
/** Tags that do not end a word: spam hides words in them. Every other tag is a break. */
const inline = new Set([
  "a",
  "abbr",
  "b",
  "big",
  "center",
  "em",
  "font",
  "i",
  "o:p",
  "s",
  "small",
  "span",
  "strong",
  "sub",
  "sup",
  "tt",
  "u",
]);

/**
 * The text a person reads in an HTML mail: no tags, comments, scripts or styles, entities resolved.
 *
 * One pass, linear in the length whatever the mail holds; broken markup loses at most one tag.
 *
 * @example
 * htmlToText("<p>Buy <b>v<!-- x -->iagra</b></p><script>x()</script>&amp; more"); // "\nBuy viagra\n\n& more"
 */
export function htmlToText(html: string): string {
  let text = "";
  let position = 0;
  while (position < html.length) {
    const open = html.indexOf("<", position);
    if (open < 0) return text + decodeEntities(html.slice(position));
    text += decodeEntities(html.slice(position, open));
    const markup = readMarkup(html, open);
    text += markup.text;
    position = markup.end;
  }
  return text;
}

interface Markup {
  readonly text: string;
  readonly end: number;
}

function readMarkup(html: string, open: number): Markup {
  if (html.startsWith("<!--", open)) return { text: "", end: after(html, "-->", open) };
  if (html[open + 1] === "!" || html[open + 1] === "?") return { text: "", end: after(html, ">", open) };
  const name = /^<(\/?)([A-Za-z][A-Za-z0-9:]*)/.exec(html.slice(open, open + 40));
  if (name === null) return { text: "<", end: open + 1 };
  const tag = (name[2] ?? "").toLowerCase();
  const end = tagEnd(html, open);
  if (name[1] === "" && unread.has(tag)) return { text: "\n", end: closing(html, tag, end) };
  return { text: inline.has(tag) ? "" : "\n", end };
}

/** Past the next `mark`, or past the next `>` if there is none. */
function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  if (found >= 0) return found + mark.length;
  const close = html.indexOf(">", from);
  return close < 0 ? html.length : close + 1;
}

/** Longest tag whose quotes are believed; with one quote missing, the rest of the mail would be an attribute. */
const longestTag = 2000;

function tagEnd(html: string, open: number): number {
  let quote = "";
  for (let index = open + 1; index < Math.min(html.length, open + longestTag); index += 1) {
    const character = html.charAt(index);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return index + 1;
  }
  return after(html, ">", open);
}

/** Past the end tag of an element nobody reads; a missing one ends where the next `body` begins, or at once. */
function closing(html: string, tag: string, from: number): number {
  const rest = html.slice(from);
  const found = new RegExp(`</${tag}[^>]*>|<body`, "i").exec(rest);
  if (found === null) return from;
  return from + found.index + (found[0].startsWith("</") ? found[0].length : 0);
}
