import { excerpt } from "../checkpoint/index.js";
import { ModelError } from "./errors.js";

/** A `config.json`, parsed. */
export type Config = Readonly<Record<string, unknown>>;

/** What transformers' config class of an architecture adds to the file. */
export interface ConfigClass {
  /** Values of absent fields. A field that is there and null is not absent. */
  readonly defaults?: Config;
  /** Second names of fields: name to field. */
  readonly otherNames?: Readonly<Record<string, string>>;
}

/** The most blocks a config may ask for: a description lists them, and the deepest public models have some hundreds. */
const mostLayers = 4096;
/** So few cost nothing to list, and the first tensor that is missing is named instead. */
const fewLayers = 64;

/**
 * Reads fields of a `config.json`, naming the field in every refusal.
 *
 * Guarantees: after {@link refuseUnread} every field has been read, is known to have no influence on the forward
 * pass, or is null, which Hugging Face writes for a setting that is not there.
 */
export class ConfigReader {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(config: Config, { defaults, otherNames }: ConfigClass = {}, path = "") {
    this.#path = path;
    this.#config = { ...defaults, ...this.#renamed(defined(config), otherNames ?? {}) };
  }

  /** Whether the field is there and not null. */
  has(field: string): boolean {
    return this.#value(field) !== undefined;
  }

  /** Whether the field is not in the file: null is. */
  lacks(field: string): boolean {
    return !Object.hasOwn(this.#config, field);
  }

  /** Whether there is no field at all. */
  get isEmpty(): boolean {
    return Object.keys(this.#config).length === 0;
  }

  /** A whole number from `minimum` up to 2^31 - 1; `fallback`, if one is given, where the field is absent. */
  size(field: string, minimum = 1, fallback?: number): number {
    const value = this.#value(field) ?? fallback;
    if (value === undefined) throw missing(this.#path + field);
    if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > 0x7fffffff) {
      throw this.refusal(field, `a whole number from ${minimum} up`);
    }
    return value;
  }

  /** A number of blocks: at most 4,096, and, above 64, at most as many as the checkpoint has tensors. */
  layers(field: string, tensorNames: ReadonlySet<string> | undefined): number {
    const layers = this.size(field);
    if (layers > mostLayers) throw this.refusal(field, `at most ${mostLayers}`);
    if (tensorNames !== undefined && layers > Math.max(fewLayers, tensorNames.size)) {
      throw this.refusal(
        field,
        `no more than the checkpoint's tensors, which are ${tensorNames.size} in all`,
      );
    }
    return layers;
  }

  /**
   * `pad_token_id`: where positions depend on it, an id of the vocabulary. Elsewhere no token ever sees padding, so an
   * id beyond the vocabulary, -1 or none, as published configs have, means any: 0 is given.
   */
  paddingId(vocabulary: number, isRead = false): number {
    const field = "pad_token_id";
    const value = this.#value(field) ?? (isRead ? undefined : 0);
    if (value === undefined) throw missing(this.#path + field);
    if (typeof value !== "number" || !Number.isInteger(value)) throw this.refusal(field, "a whole number");
    if (value >= 0 && value < vocabulary) return value;
    if (isRead) throw this.refusal(field, `an id of the vocabulary, 0 to ${vocabulary - 1}`);
    return 0;
  }

  /** A positive finite number; `fallback`, if one is given, where the field is absent. */
  positive(field: string, fallback?: number): number {
    const value = this.#value(field) ?? fallback;
    if (value === undefined) throw missing(this.#path + field);
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
      throw this.refusal(field, "a positive number");
    }
    return value;
  }

  /** One of `choices`; `fallback` where the field is absent. */
  choice<Choice extends string>(field: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.#value(field) ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.refusal(field, `one of ${choices.join(", ")}`);
    return found;
  }

  /** True or false; `fallback` where the field is absent. */
  flag(field: string, fallback: boolean): boolean {
    const value = this.#value(field) ?? fallback;
    if (typeof value !== "boolean") throw this.refusal(field, "true or false");
    return value;
  }

  /** A list of strings; undefined where the field is absent. */
  strings(field: string): readonly string[] | undefined {
    const value = this.#value(field);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((entry): entry is string => typeof entry === "string")) {
      return value;
    }
    throw this.refusal(field, "a list of strings");
  }

  /** A reader of the object in a field, whose refusals say `field.`; undefined where the field is absent. */
  object(field: string): ConfigReader | undefined {
    const value = this.#value(field);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw this.refusal(field, "an object");
    return new ConfigReader(value as Config, {}, `${this.#path}${field}.`);
  }

  /** Refuses a config in which `field` is set to something other than `only`. */
  require(field: string, only: unknown): void {
    const value = this.#value(field) ?? only;
    if (excerpt(value) !== excerpt(only)) throw this.refusal(field, excerpt(only));
  }

  /** Refuses a config with a field that nothing has read and that is not among `irrelevant`. */
  refuseUnread(irrelevant: ReadonlySet<string>): void {
    for (const [field, value] of Object.entries(this.#config)) {
      if (value === null || this.#read.has(field) || irrelevant.has(field)) continue;
      throw this.refusal(field, "no such field, since its meaning for this architecture is not known");
    }
  }

  /** The error for a value of `field` that is not understood. */
  refusal(field: string, expected: string): ModelError {
    return unsupported(this.#path + field, this.#value(field), expected);
  }

  /** The config with every second name in the place of the field it means; both with different values are refused. */
  #renamed(config: Config, otherNames: Readonly<Record<string, string>>): Config {
    const fields = Object.entries(config).filter(([name]) => !Object.hasOwn(otherNames, name));
    const renamed: Record<string, unknown> = Object.fromEntries(fields);
    for (const [name, field] of Object.entries(otherNames)) {
      const value = Object.hasOwn(config, name) ? (config[name] ?? undefined) : undefined;
      if (value === undefined) continue;
      if (Object.hasOwn(renamed, field) && renamed[field] !== value) {
        throw unsupported(this.#path + name, value, `the value of ${field}, which is the same`);
      }
      renamed[field] = value;
    }
    return renamed;
  }

  #value(field: string): unknown {
    this.#read.add(field);
    return Object.hasOwn(this.#config, field) ? (this.#config[field] ?? undefined) : undefined;
  }
}

/** Without the fields that are undefined, which no file has. */
function defined(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function missing(field: string): ModelError {
  return new ModelError("config-field-missing", {
    message: `config.json has no field ${field}.`,
    value: field,
    expected: "the config.json that Hugging Face transformers writes beside the weights",
  });
}

function unsupported(field: string, value: unknown, expected: string): ModelError {
  return new ModelError("config-field-unsupported", {
    message: `config.json: ${field.slice(0, 100)} is ${excerpt(value)}.`,
    value,
    expected,
    next: "Models with other settings are refused, because their outputs would be silently wrong.",
  });
}
