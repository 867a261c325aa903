import { describe, expect, test } from "vitest";

import { cliCommands, cliPage, flagGroupsOf, flagScript, flagTables } from "../tools/docs/cli-flags.js";
import { withGenerated } from "../tools/figures/generated.js";
import { pages, snippetsOf, textOf } from "./support/examples.js";

describe.each(cliCommands.map((command) => [command.name(), command] as const))(
  "dpzo %s",
  (name, command) => {
    test("docs/cli.md has its flags by group (npx tsx tools/docs/cli-flags.ts)", () => {
      const page = textOf(cliPage);
      expect(page).toContain(`\n### ${name}\n`);
      expect(page).toBe(withGenerated(page, flagScript(command), flagTables(command)));
    });

    test("no group of --help is too long to be scanned", () => {
      const lengths = [...flagGroupsOf(command).values()].map((options) => options.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(10);
    });

    test("every help text is one that a reader can follow", () => {
      for (const { flags, description } of command.options) {
        expect(description, flags).not.toBe("");
        expect(description, flags).not.toMatch(/\bin the mean\b|\bunless told\b|^what\b|\bgives\b/iu);
      }
    });
  },
);

/** Command lines of the pages, one a command, continued lines joined. */
const commandLines = pages.flatMap((file) =>
  snippetsOf(file, textOf(file), ["sh"]).flatMap(({ place, code }) =>
    code
      .replaceAll("\\\n", " ")
      .split("\n")
      .filter((line) => /^(?:npx )?dpzo /u.test(line))
      .map((line) => [place, line.replace(/^npx /u, "")] as const),
  ),
);

test("every command line of the pages has a command and flags that exist, and those that are required", () => {
  expect(commandLines.length).toBeGreaterThan(15);
  expect(
    commandLines.flatMap(([place, line]) => faultsOf(line).map((fault) => `${place}: ${fault}`)),
  ).toEqual([]);
});

test.each(["README.md", "CONTRIBUTING.md", cliPage])(
  "lines of %s have at most 120 characters, tables excepted",
  (file) => {
    const long = textOf(file)
      .split("\n")
      .filter((line) => line.length > 120 && !/^(?:\||!\[)/u.test(line));
    expect(long).toEqual([]);
  },
);

test("a command line with an unknown command or flag, or without a required one, is found", () => {
  expect(faultsOf("dpzo trian --data x")).toEqual(["no command trian"]);
  expect(faultsOf("dpzo verify --leger x")).toEqual(["no flag --leger", "--ledger is required"]);
});

function faultsOf(line: string): readonly string[] {
  const [, name = ""] = line.split(/\s+/u);
  const command = cliCommands.find((one) => one.name() === name);
  if (command === undefined) return [`no command ${name}`];
  const given = [...line.matchAll(/(?<=\s)\[?(--[\w-]+)/gu)].map(([, flag = ""]) => flag);
  const known = command.options.map(({ long }) => long);
  const isConfigured = given.some((flag) => ["--config", "--help", "--forward-passes"].includes(flag));
  const required = command.options.flatMap(({ long, description }) => {
    const [isRequired, instead = ""] = /\(required(?: without (--[\w-]+))?\)/u.exec(description) ?? [];
    return isRequired === undefined || isConfigured || given.includes(instead) ? [] : (long ?? []);
  });
  return [
    ...given.filter((flag) => !known.includes(flag) && flag !== "--help").map((flag) => `no flag ${flag}`),
    ...required.filter((flag) => !given.includes(flag)).map((flag) => `${flag} is required`),
  ];
}
