import { type Command, Option } from "commander";
import { parse as parseYaml, YAMLParseError } from "yaml";
import * as z from "zod";

import { FileError } from "../files.js";
import { UsageError } from "./errors.js";
import { readFlagText } from "./flag-file.js";
import type { FlagGroups } from "./flag-groups.js";

interface JsonProperty {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: { readonly type?: string };
  /** Flag that can stand in for a required one. */
  readonly instead?: string;
}

/**
 * Adds one flag for every key of a schema: kebab-case name, description, choices and default from the schema.
 *
 * Flags carry no defaults themselves, so that a configuration file can be overridden by flags only.
 *
 * @param groups headings of `--help`, in order, with their keys; keys that the schema lacks are passed over, and keys in
 *   no group come first, under commander's own heading
 */
export function addSchemaOptions(command: Command, schema: z.ZodObject, groups: FlagGroups = []): void {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  const add = (key: string, heading?: string): void => {
    const property = properties[key] as JsonProperty | undefined;
    if (property === undefined) return;
    const option = schemaOption(key, property, required.includes(key));
    command.addOption(heading === undefined ? option : option.helpGroup(`${heading}:`));
  };
  const grouped = new Set(groups.flatMap(([, keys]) => keys));
  for (const key of Object.keys(properties)) if (!grouped.has(key)) add(key);
  for (const [heading, keys] of groups) for (const key of keys) add(key, heading);
}

function schemaOption(key: string, property: JsonProperty, isRequired: boolean): Option {
  const flag = `--${kebabCase(key)}`;
  if (property.type === "boolean") return new Option(flag, property.description);
  const note =
    property.default === undefined
      ? isRequired
        ? ` (required${property.instead === undefined ? "" : ` without ${property.instead}`})`
        : ""
      : ` (default: ${shown(property.default)})`;
  const isNumber = isNumeric(property.type) || isNumeric(property.items?.type);
  const metavar = isNumber ? "number" : "value";
  const option = new Option(`${flag} <${metavar}>`, `${property.description ?? ""}${note}`);
  if (property.enum !== undefined) option.choices(property.enum.map(String));
  const parse = (text: string): unknown => (isNumber ? numberFrom(flag, text) : text);
  if (property.type === "array") option.argParser((text, previous) => collect(parse(text), previous));
  else if (isNumber) option.argParser(parse);
  return option;
}

function isNumeric(type: string | undefined): boolean {
  return type === "number" || type === "integer";
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
}

/** A flag of a list may be repeated; each use adds a value. */
function collect(value: unknown, previous: unknown): unknown[] {
  return [...(Array.isArray(previous) ? (previous as unknown[]) : []), value];
}

function numberFrom(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError("usage", { message: `${flag} is "${text}".`, value: text, expected: "a number" });
  }
  return value;
}

/** `learningRate` -> `learning-rate`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}

function camelCase(key: string): string {
  return key.replace(/-([a-z])/gu, (_, letter: string) => letter.toUpperCase());
}

/**
 * The settings of a command: the `--config` file with the flags put over it, checked against `schema`.
 *
 * @param defaults what stands under both; over the schema's own
 *
 * @throws {UsageError} `config-file` or `usage`, naming the key, for anything unknown, missing or out of range.
 */
export function resolveSettings<Schema extends z.ZodObject>(
  schema: Schema,
  flags: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = {},
): z.infer<Schema> {
  const { config, ...rest } = flags;
  const fromFile = typeof config === "string" ? readConfigFile(config) : {};
  const given: Readonly<Record<string, unknown>> = { ...defaults, ...fromFile, ...rest };
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const [key] = issue?.path ?? [];
  // Of a setting that was not given the schema says that it is "undefined".
  const isMissing = typeof key === "string" && given[key] === undefined;
  const words = isMissing ? " is missing" : `: ${issue?.message ?? "invalid settings"}`;
  throw new UsageError("usage", {
    message: `${issueSubject(issue)}${words}.`,
    value: issue?.path,
    next:
      key === "template"
        ? "Give --template and --label-words, or --task NAME for a task that has them."
        : "See --help for every flag; a --config file takes the same names.",
  });
}

function issueSubject(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "unrecognized_keys") return `Unknown setting ${issue.keys.join(", ")}`;
  const [key] = issue?.path ?? [];
  return typeof key === "string" ? `--${kebabCase(key)}` : "Settings";
}

/** A YAML or JSON file of settings, its keys in camel case. @throws {UsageError} `config-file` */
export function readConfigFile(path: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(readMappingFile(path)).map(([key, value]) => [camelCase(key), value]),
  );
}

/** What kept a file from being read. Of the parser's error the kind alone: its sentence may quote the file. */
function unreadable(error: unknown, path: string): string {
  if (error instanceof FileError) return error.message;
  const kind = error instanceof YAMLParseError ? ` (${error.code})` : "";
  return `Cannot read ${path}: it is not valid YAML or JSON${kind}.`;
}

/** A YAML or JSON file that holds a mapping, its keys as they stand. @throws {UsageError} `config-file` */
export function readMappingFile(path: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    // JSON is YAML, so one reader serves both.
    // Without the lines around an error: a private file may have been given in the wrong place.
    parsed = parseYaml(readFlagText(path), { prettyErrors: false });
  } catch (error) {
    throw new UsageError("config-file", {
      message: unreadable(error, path),
      value: path,
      expected: "a YAML or JSON file",
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError("config-file", {
      message: `${path} does not hold a mapping of settings.`,
      value: path,
    });
  }
  return parsed as Record<string, unknown>;
}
