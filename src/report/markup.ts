/**
 * Text that is safe to put into a page: made by {@link markup} alone, which escapes everything it is given.
 */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a `markup` template. Numbers must have been formatted first. */
export type MarkupValue = Markup | string | undefined | readonly MarkupValue[];

/**
 * A template tag for HTML and SVG.
 *
 * Guarantees:
 * - A string that is put in cannot end the element or the quoted attribute it stands in.
 * - It cannot reorder the text around it: direction overrides and control characters become U+FFFD.
 *
 * @example
 * markup`<p title="${'"'}">${"<b>"}</p>`.text; // '<p title="&quot;">&lt;b&gt;</p>'
 */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const parts = strings.map((part, index) => part + textOf(values[index]));
  return new Markup(parts.join(""));
}

function textOf(value: MarkupValue): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return escapeText(value);
  return value.map(textOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Direction overrides and isolates, zero-width marks, control characters, halves of surrogate pairs. */
const unsafe =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/gu;

/** Escapes one string for text or a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(unsafe, "\ufffd").replace(/[&<>"'`]/gu, (sign) => entities[sign] ?? sign);
}
