import { htmlToText } from "./html-to-text.js";
import {
  decodeBase64,
  decodeCharset,
  decodeHeaderWords,
  decodeQuotedPrintable,
  decodeWindows1252,
} from "./transfer-encoding.js";

/** What a person reads of a mail. */
export interface ReadableMail {
  readonly subject: string;
  readonly body: string;
}

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Parts inside parts are followed this deep; nothing real is deeper than 4. */
const deepest = 8;
/** A plain part with as many tags as this is HTML under the wrong name. */
const tagsOfHtml = 3;
const commonTag = /<\/?(?:html|head|body|table|t[rdh]|p|br|font|a|b|div|span|center|img|h[1-6])\b[^>]*>/gi;

/**
 * Reads the subject and the text of a mail (RFC 822 and MIME), as far as mails keep to them.
 *
 * Quoted-printable, base64 and character sets are undone; of alternatives the plain one is taken if it says
 * anything; attachments and everything that is not text are left out; HTML becomes text.
 */
export function readMail(bytes: string): ReadableMail {
  const mail = splitEntity(bytes);
  const subject = decodeHeaderWords(mail.headers.get("subject") ?? "");
  return { subject: decodeWindows1252(subject), body: readableText(mail, 0) };
}

function splitEntity(bytes: string): Entity {
  const text = bytes.replaceAll("\r\n", "\n");
  const blank = text.startsWith("\n") ? 0 : text.indexOf("\n\n");
  const head = blank < 0 ? text : text.slice(0, blank);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\n[ \t]+/g, " ").split("\n")) {
    const colon = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line);
    const name = colon?.[1]?.toLowerCase();
    if (name !== undefined && !headers.has(name)) headers.set(name, colon?.[2] ?? "");
  }
  return { headers, body: blank < 0 ? "" : text.slice(blank).replace(/^\n+/, "") };
}

function readableText(entity: Entity, depth: number): string {
  const type = contentType(entity);
  if (/^attachment/i.test(entity.headers.get("content-disposition") ?? "") && depth > 0) return "";
  if (type.name.startsWith("multipart/")) return multipartText(entity, type, depth);
  const bytes = decodedBody(entity);
  if (type.name === "message/rfc822" && depth < deepest) return readableText(splitEntity(bytes), depth + 1);
  if (!type.name.startsWith("text/")) return "";
  const text = decodeCharset(bytes, type.parameters.get("charset"));
  const isHtml = type.name === "text/html" || (text.match(commonTag)?.length ?? 0) >= tagsOfHtml;
  return isHtml ? htmlToText(text) : text;
}

interface ContentType {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function contentType({ headers }: Entity): ContentType {
  const header = headers.get("content-type") ?? "text/plain";
  const name = (/^\s*([\w.+-]+\/[\w.+-]+)/.exec(header)?.[1] ?? "text/plain").toLowerCase();
  const parameters = new Map<string, string>();
  for (const match of header.matchAll(/;\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;]+))/g)) {
    parameters.set((match[1] ?? "").toLowerCase(), match[2] ?? match[3] ?? "");
  }
  return { name, parameters };
}

function decodedBody({ headers, body }: Entity): string {
  const encoding = (headers.get("content-transfer-encoding") ?? "").toLowerCase();
  if (encoding.includes("quoted-printable")) return decodeQuotedPrintable(body);
  return encoding.includes("base64") ? decodeBase64(body) : body;
}

function multipartText(entity: Entity, type: ContentType, depth: number): string {
  if (depth >= deepest) return "";
  const parts = partsOf(entity.body, type.parameters.get("boundary")).map(splitEntity);
  const texts = parts.map((part) => ({ type: contentType(part).name, text: readableText(part, depth + 1) }));
  const readable = texts.filter(({ text }) => /\w{2}/.test(text));
  if (type.name !== "multipart/alternative") return readable.map(({ text }) => text).join("\n");
  return (readable.find((part) => part.type === "text/plain") ?? readable[0])?.text ?? "";
}

/** The pieces between boundary lines; without a usable boundary, the whole as one piece. */
function partsOf(body: string, boundary: string | undefined): readonly string[] {
  if (boundary === undefined || boundary === "") return [`\n${body}`];
  const pieces = `\n${body}`.split(`\n--${boundary}`);
  if (pieces.length === 1) return [`\n${body}`];
  return pieces
    .slice(1)
    .filter((piece) => !piece.startsWith("--"))
    .map((piece) => piece.replace(/^[ \t]*\n/, ""));
}
