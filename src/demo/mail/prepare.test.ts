import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { shinglesOf, similarityOf } from "./near-duplicates.js";
import { prepareMails, type MailCorpus } from "./prepare.js";
import { readMailCorpus, type RawMail } from "./read-corpus.js";

describe("the SpamAssassin mails", () => {
  let mails: readonly RawMail[];
  let corpus: MailCorpus;
  beforeAll(async () => {
    mails = await readMailCorpus();
    corpus = prepareMails(mails);
  });

  const key = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

  test("the facts are those of docs/data-mail.md", () => {
    expect(corpus.facts).toMatchInlineSnapshot(`
      {
        "contradictions": 0,
        "groups": 4454,
        "largestGroup": 128,
        "largestSimilarityAcross": 0.4948453608247423,
        "mailsRead": 6046,
        "nearDuplicateGroups": 394,
        "nothingToRead": 8,
        "repeatsRemoved": 183,
        "test": {
          "ham": 700,
          "spam": 300,
        },
        "threshold": 0.5,
        "train": {
          "ham": 3398,
          "spam": 1457,
        },
      }
    `);
  });

  test("the facts add up", () => {
    const { facts, train, test: heldOut } = corpus;
    const removed = facts.nothingToRead + facts.repeatsRemoved + facts.contradictions;
    expect(facts.mailsRead - removed).toBe(train.length + heldOut.length);
    expect(heldOut).toHaveLength(1000);
    for (const label of ["ham", "spam"] as const) {
      expect(facts.train[label]).toBe(train.filter((record) => record.label === label).length);
      expect(facts.test[label]).toBe(heldOut.filter((record) => record.label === label).length);
    }
  });

  test("no text occurs twice, compared on letters and digits", () => {
    const all = [...corpus.train, ...corpus.test].map(({ text }) => key(text));
    expect(new Set(all).size).toBe(all.length);
  });

  test("no mail of test is a near-duplicate of a mail of train (every 20th of test against all)", () => {
    expect(corpus.facts.largestSimilarityAcross).toBeLessThan(corpus.facts.threshold);
    const train = corpus.train.map(({ text }) => shinglesOf(text));
    for (const { text } of corpus.test.filter((_, index) => index % 20 === 0)) {
      const own = shinglesOf(text);
      const largest = train.reduce((most, other) => Math.max(most, similarityOf(own, other)), 0);
      expect(largest).toBeLessThanOrEqual(corpus.facts.largestSimilarityAcross);
    }
  });

  test("a split by chance would not pass: near-duplicates are there", () => {
    const all = [...corpus.train, ...corpus.test].map(({ text }) => shinglesOf(text));
    const some = all.filter((_, index) => index % 10 === 0);
    const rest = all.filter((_, index) => index % 10 === 1);
    const largest = some.map((own) => Math.max(...rest.map((other) => similarityOf(own, other))));
    expect(largest.filter((similarity) => similarity >= corpus.facts.threshold).length).toBeGreaterThan(10);
  });

  test("the classes have the same share on both sides, to a record", () => {
    const share = ({ ham, spam }: { ham: number; spam: number }): number => spam / (ham + spam);
    expect(Math.abs(share(corpus.facts.train) - share(corpus.facts.test))).toBeLessThan(0.001);
  });

  test("the same mails give the same records in the same order, in whatever order they are read", () => {
    const digest = ({ train, test: heldOut }: MailCorpus): string =>
      createHash("sha256")
        .update(JSON.stringify([train, heldOut]))
        .digest("hex");
    expect(digest(prepareMails([...mails].reverse()))).toBe(digest(corpus));
  });

  test("neither headers nor markup nor list feet are left", () => {
    const all = [...corpus.train, ...corpus.test].map(({ text }) => text);
    const share = (pattern: RegExp): number => all.filter((text) => pattern.test(text)).length / all.length;
    expect(share(/^(?:received|return-path|delivered-to|message-id|x-[\w-]+): /im)).toBeLessThan(0.001);
    expect(share(/<\/?(?:td|tr|table|font|html|body|script|style)\b/i)).toBeLessThan(0.005);
    expect(share(/^\s*>/m)).toBeLessThan(0.001);
    expect(share(/_{20,}|mailman\/listinfo/)).toBeLessThan(0.02);
    expect(share(/https?:\/\//)).toBeLessThan(0.005);
  });
});

test("too few mails are refused", () => {
  expect(() => prepareMails([])).toThrow(expect.objectContaining({ code: "corpus-too-small", value: 0 }));
});
