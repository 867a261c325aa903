import { expect, test } from "vitest";
import { readMail } from "./mime.js";

const mail = (...lines: string[]): string => lines.join("\n");

test("a plain mail: subject over two lines, first blank line ends the headers", () => {
  const read = readMail(
    mail("From a@b  Thu Aug 22", "Subject: Hello", "\tthere", "X-Spam: yes", "", "Body: text", "", "end"),
  );
  expect(read).toEqual({ subject: "Hello there", body: "Body: text\n\nend" });
});

test("of alternatives the plain one, unless it is empty", () => {
  const alternative = (plain: string): string =>
    mail(
      'Content-Type: multipart/alternative; boundary="=_b"',
      "",
      "preamble",
      "--=_b",
      "Content-Type: text/plain",
      "",
      plain,
      "--=_b",
      "Content-Type: text/html; charset=iso-8859-1",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "<p>caf=E9</p>",
      "--=_b--",
      "epilogue",
    );
  expect(readMail(alternative("plain text")).body.trim()).toBe("plain text");
  expect(readMail(alternative("")).body.trim()).toBe("café");
});

test("attachments and what is no text are left out, parts inside parts are read", () => {
  const read = readMail(
    mail(
      "Content-Type: multipart/mixed; boundary=out",
      "",
      "--out",
      "Content-Type: multipart/related; boundary=in",
      "",
      "--in",
      "Content-Type: text/html",
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from("<b>inner</b>").toString("base64"),
      "--in--",
      "--out",
      "Content-Type: image/gif",
      "",
      "GIF89a",
      "--out",
      "Content-Type: text/plain",
      "Content-Disposition: attachment; filename=x.txt",
      "",
      "attached",
      "--out",
      "",
      "last",
      "--out--",
    ),
  );
  expect(read.body.split(/\s+/).filter(Boolean)).toEqual(["inner", "last"]);
});

test("HTML under the wrong name is read as HTML", () => {
  const body = "<html><body><p>Hello</p></body></html>";
  expect(readMail(mail("Content-Type: text/plain", "", body)).body.trim()).toBe("Hello");
});

test("a multipart without its boundary is read as text, and one in itself ends", () => {
  expect(readMail(mail("Content-Type: multipart/mixed", "", "just text")).body.trim()).toBe("just text");
  const nested = `Content-Type: multipart/mixed; boundary=b\n\n--b\n`.repeat(40);
  expect(readMail(nested).body.trim()).toBe("");
});

test("no headers, no body, nothing", () => {
  expect(readMail("")).toEqual({ subject: "", body: "" });
  expect(readMail("Subject: alone")).toEqual({ subject: "alone", body: "" });
  expect(readMail("\n\nbody alone")).toEqual({ subject: "", body: "body alone" });
});

test("a subject in another script, encoded or as raw bytes", () => {
  expect(readMail("Subject: =?ks_c_5601-1987?B?sKE=?= \x93x\x94\n\n").subject).toBe("가 “x”");
});
