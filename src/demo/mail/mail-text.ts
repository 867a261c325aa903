import { decodeEntities } from "./html-entities.js";
import { readMail } from "./mime.js";

/** A record's text is at most this long: more than 512 tokens hold, and so more than any prompt. */
export const longestText = 2000;

/** What list software, feeds and mail programs add; nobody wrote it, and it would give the label away. */
const additions: readonly RegExp[] = [
  // A feed reader's two lines: "URL: http://...", "Date: Not supplied".
  /^\s*URL: .*\n\s*Date: .*\n/,
  // PGP's frame around a signed text, and its signature.
  /^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: .*\n)?/gm,
  /^-----BEGIN PGP SIGNATURE-----[^]*?-----END PGP SIGNATURE-----$/gm,
  // SourceForge's and Yahoo's advertisements under a list's mails.
  /^-{20,}\n[^\n]*(?:sf\.net|sourceforge|geek heaven|remembrance)[^]*?(?=\n_{20,}|\n\n\n|$(?![^]))/gim,
  /^-+ *Yahoo! Groups Sponsor[^\n]*\n[^]*?~->\n?/gim,
  /^To unsubscribe from this group, send an email to:[^]*?(?:Terms\/? ?|$(?![^]))/gim,
  // Mailman's foot: a line, "X mailing list", addresses.
  /^_{20,}\n[^\n]*mailing list[^\n]*\n(?:[^\n]*(?:@|https?:)[^\n]*(?:\n|$(?![^])))*/gim,
  /^-- ?\n[^\n]*(?:Irish Linux Users|Social mailing list)[^]*?(?:listmaster@linux\.ie|\n\n|$(?![^]))/gim,
  // What somebody else wrote, and the line that says so.
  /^(?![ \t]*[>|])[^\n]{0,160}\b(?:wrote|writes|said|says|mentioned) ?:? *\n(?=\s*(?:[A-Za-z]{0,3}>|\|))/gm,
  /^[ \t]*(?:[A-Za-z]{0,3}>|\|)[^\n]*$/gm,
  // Encoded attachments inside a text.
  /^[A-Za-z0-9+/=]{60,}$/gm,
];

/** A list's name in front of a subject, as in "Re: [ILUG] Printer". */
const listTag = /\[[\w .&'-]{1,40}\]\s*/g;

/**
 * The record's text of a mail: its subject, a line end, and the body without markup, quotations and list feet.
 *
 * White space is single, addresses of pages are cut to their host, runs of one sign to three; the whole to 2,000
 * characters at the end of a word. The text of a mail that is nothing but quotations is empty but for its subject.
 */
export function mailText(bytes: string): string {
  const { subject, body } = readMail(bytes);
  const written = withoutSignature(
    additions.reduce((text, pattern) => text.replace(pattern, "\n"), tidyLines(body)),
  );
  const text = `${tidy(subject.replace(listTag, ""))}\n${tidy(written)}`.trim();
  if (text.length <= longestText) return text;
  const end = text.lastIndexOf(" ", longestText);
  return text.slice(0, end > longestText / 2 ? end : longestText).trimEnd();
}

/** Longest signature in lines; RFC 3676 (section 4.3) says four, and nobody keeps to it. */
const longestSignature = 12;

/** Takes off what stands under the last line "-- ", if it is short enough to be a signature. */
function withoutSignature(text: string): string {
  const trimmed = text.trimEnd();
  const start = Math.max(trimmed.lastIndexOf("\n-- \n"), trimmed.lastIndexOf("\n--\n"));
  if (start < 0) return text;
  return trimmed.slice(start).split("\n").length - 2 <= longestSignature ? trimmed.slice(0, start) : text;
}

function tidyLines(text: string): string {
  return text.replace(/[\r\0]/g, "").replace(/[ \t\u00A0]+$/gm, "");
}

function tidy(text: string): string {
  return decodeEntities(text)
    .replace(/\bhttps?:\/\/(?:[^\s/@]*@)?([\w.-]+)[^\s<>"')\]]*/gi, "$1")
    .replace(/[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/([^\p{L}\p{N}\s])(?:\s?\1){3,}/gu, "$1$1$1")
    .trim();
}
