import { expect, test } from "vitest";
import { longestText, mailText } from "./mail-text.js";

const text = (subject: string, ...lines: string[]): string =>
  mailText(`Subject: ${subject}\nX-A: b\n\n${lines.join("\n")}`);

test("subject, line end, body; no other header", () => {
  expect(text("Lunch", "At  one?", "", "Ann")).toBe("Lunch\nAt one? Ann");
});

test("a list's tag in the subject goes, Re: stays", () => {
  expect(text("Re: [ILUG] Printer", "It works.")).toBe("Re: Printer\nIt works.");
});

test("quotations go with the line that announces them", () => {
  expect(
    text(
      "Re: x",
      "On Sun, 21 Jul 2002, che <che@example.org> wrote:",
      "> Old words",
      ">> Older",
      "My words.",
    ),
  ).toBe("Re: x\nMy words.");
});

test("signatures and list feet go, a long end under two dashes stays", () => {
  expect(text("x", "Words.", "-- ", "Ann", "Company")).toBe("x\nWords.");
  const foot = [
    "_".repeat(47),
    "Exmh-workers mailing list",
    "Exmh-workers@example.org",
    "https://example.org/list",
  ];
  expect(text("x", "Words.", "", ...foot)).toBe("x\nWords.");
  const long = Array.from({ length: 20 }, (_, line) => `item${line}`);
  expect(text("x", "Words.", "--", ...long)).toContain("item19");
  const yahoo = [
    "------ Yahoo! Groups Sponsor ------~-->",
    "4 DVDs Free",
    "-----------~->",
    "",
    "More words.",
  ];
  expect(text("x", "Words.", ...yahoo)).toBe("x\nWords. More words.");
});

test("a feed's two lines go", () => {
  expect(text("News", "URL: http://example.org/a", "Date: Not supplied", "", "Story.")).toBe("News\nStory.");
});

test("page addresses are cut to their host, runs of one sign to three", () => {
  expect(text("x", "See http://user@www.example.org:80/a?b=c, now!!!!!!!! ===== - - - - -")).toBe(
    "x\nSee www.example.org now!!! === ---",
  );
});

test("a long mail is cut at the end of a word", () => {
  const cut = text("x", "word ".repeat(1000));
  expect(cut.length).toBeLessThanOrEqual(longestText);
  expect(cut.endsWith("word")).toBe(true);
});

test("hostile mails end in good time", () => {
  for (const line of [
    "-- \n",
    ">\n",
    "_".repeat(30) + "\n",
    "x wrote:\n",
    "-----BEGIN PGP SIGNATURE-----\n",
    "!\n",
  ]) {
    expect(text("x", line.repeat(3000)).length).toBeLessThanOrEqual(longestText);
  }
});
