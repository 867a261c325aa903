/**
 * The keys of a JSON object, each as often as it is written; `JSON.parse` keeps the last of equal ones without a word.
 *
 * @param text valid JSON text of one object
 * @example
 * topLevelKeys('{"a": {"b": 1}, "a": 2}'); // ["a", "a"]
 */
export function topLevelKeys(text: string): readonly string[] {
  const keys: string[] = [];
  const structural = /["{}[\]]/gu;
  let depth = 0;
  for (let match = structural.exec(text); match !== null; match = structural.exec(text)) {
    const [sign] = match;
    if (sign === '"') {
      const end = stringEnd(text, match.index + 1);
      if (depth === 1 && isKey(text, end)) keys.push(JSON.parse(text.slice(match.index, end)) as string);
      structural.lastIndex = end;
    } else depth += sign === "{" || sign === "[" ? 1 : -1;
  }
  return keys;
}

/** The place after the quote that closes a string. */
function stringEnd(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Whether a colon follows, as it does after keys alone. */
function isKey(text: string, from: number): boolean {
  let at = from;
  while (/\s/u.test(text.charAt(at))) at += 1;
  return text[at] === ":";
}
