/** Writes the flag tables of `docs/cli.md` from the commands themselves: `npx tsx tools/docs/cli-flags.ts`. */
import { fileURLToPath } from "node:url";

import type { Command, Option } from "commander";

import { createProgram } from "../../src/cli/program.js";
import { table, writeGenerated } from "../figures/generated.js";

/** The page with the tables. */
export const cliPage = "docs/cli.md";

/** Commands of the program. */
export const cliCommands: readonly Command[] = createProgram(() => undefined).commands;

/** What stands in the marker of a command's tables. */
export function flagScript(command: Command): string {
  return `tools/docs/cli-flags.ts ${command.name()}`;
}

/** Flags by the heading that they have in `--help`, in its order. */
export function flagGroupsOf(command: Command): ReadonlyMap<string, readonly Option[]> {
  const groups = new Map<string, Option[]>();
  for (const option of command.createHelp().visibleOptions(command)) {
    const heading = (option.helpGroupHeading ?? "Options:").replace(/:$/u, "");
    groups.set(heading, [...(groups.get(heading) ?? []), option]);
  }
  return groups;
}

/** The tables of a command; a group that `train` or every command has too is only named. */
export function flagTables(command: Command): string {
  const everyCommand = {
    tables: tablesOf(commandNamed("replay")),
    words: "as for [every command](#every-command)",
  };
  const train = { tables: tablesOf(commandNamed("train")), words: "as for [train](#train)" };
  const known = command.name() === "train" ? [everyCommand] : [train, everyCommand];
  const same = (heading: string, text: string): string | undefined =>
    heading === "Options" ? undefined : known.find(({ tables }) => tables.get(heading) === text)?.words;
  const groups = [...tablesOf(command)];
  return [
    ...groups
      .filter(([heading, text]) => same(heading, text) === undefined)
      .map(([heading, text]) => `**${heading}**\n\n${text}`),
    ...known.flatMap(({ words }) => {
      const headings = groups
        .filter((group) => same(...group) === words)
        .map(([heading]) => `**${heading}**`);
      return headings.length === 0 ? [] : [`${headings.join(",\n")}: ${words}.`];
    }),
  ].join("\n\n");
}

function commandNamed(name: string): Command {
  const found = cliCommands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`There is no command ${name}.`);
  return found;
}

function tablesOf(command: Command): ReadonlyMap<string, string> {
  return new Map(
    [...flagGroupsOf(command)].map(([heading, options]) => [
      heading,
      table(["flag", "meaning"], options.map(rowOf)),
    ]),
  );
}

function rowOf({ flags, description, argChoices }: Option): readonly string[] {
  const choices =
    argChoices === undefined ? "" : `; one of ${argChoices.map((choice) => `\`${choice}\``).join(", ")}`;
  return [`\`${flags}\``, `${description}${choices}`].map((cell) => cell.replaceAll("|", "\\|"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const command of cliCommands) writeGenerated(cliPage, flagScript(command), flagTables(command));
}
