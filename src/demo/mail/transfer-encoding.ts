/** Undoes quoted-printable: bytes as characters in and out. */
export function decodeQuotedPrintable(bytes: string): string {
  return bytes
    .replace(/=[ \t]*\r?\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Undoes base64: bytes as characters in and out; characters that are not base64 are passed over. */
export function decodeBase64(bytes: string): string {
  return Buffer.from(bytes, "base64").toString("latin1");
}

/** What Windows-1252 has at bytes 128 to 159; five of them are unused and stay control characters. */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ";

/**
 * Reads bytes as Windows-1252.
 *
 * Node's own decoder reads it as Latin-1 in some versions (20 is one), and records must not depend on the version.
 */
export function decodeWindows1252(bytes: string): string {
  return bytes.replace(/[\x80-\x9F]/g, (byte) => windows1252.charAt(byte.charCodeAt(0) - 0x80));
}

/**
 * Reads bytes in a character set; Latin-1, plain ASCII and a set that is unknown or missing are read as
 * Windows-1252, which is what mail programs of 2002 meant by them (and what browsers do).
 */
export function decodeCharset(bytes: string, charset = ""): string {
  if (/^[\0-\x7F]*$/.test(bytes) && !/iso-2022|utf-7|hz-gb/i.test(charset)) return bytes;
  const decoder = decoderFor(charset);
  return decoder === undefined || decoder.encoding === "windows-1252"
    ? decodeWindows1252(bytes)
    : decoder.decode(Buffer.from(bytes, "latin1"));
}

function decoderFor(charset: string): TextDecoder | undefined {
  try {
    return new TextDecoder(charset);
  } catch {
    return undefined;
  }
}

/** Reads `=?iso-8859-1?Q?caf=E9?=` in a header; white space between two such words is no space. */
export function decodeHeaderWords(header: string): string {
  const joined = header.replace(/(\?=)\s+(?==\?)/g, "$1");
  return joined.replace(
    /=\?([^?\s]+)\?([bqBQ])\?([^?]*)\?=/g,
    (_, charset: string, kind: string, data: string) => {
      const bytes =
        kind.toLowerCase() === "b" ? decodeBase64(data) : decodeQuotedPrintable(data.replaceAll("_", " "));
      return decodeCharset(bytes, charset.replace(/\*.*$/, ""));
    },
  );
}
