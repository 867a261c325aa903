import { ModelError } from "./errors.js";

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

  constructor(config: Readonly<Record<string, unknown>>, path = "") {
    this.#config = config;
    this.#path = path;
  }

  /** Whether the field is there and not null. */
  has(field: string): boolean {
    return this.#value(field) !== undefined;
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
    return new ConfigReader(value as Record<string, unknown>, `${this.#path}${field}.`);
  }

  /** Refuses a config in which `field` is set to something other than `only`. */
  require(field: string, only: unknown): void {
    const value = this.#value(field) ?? only;
    if (JSON.stringify(value) !== JSON.stringify(only)) throw this.refusal(field, JSON.stringify(only));
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

  #value(field: string): unknown {
    this.#read.add(field);
    return Object.hasOwn(this.#config, field) ? (this.#config[field] ?? undefined) : undefined;
  }
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
    message: `config.json: ${field} is ${JSON.stringify(value)}.`,
    value,
    expected,
    next: "Models with other settings are refused, because their outputs would be silently wrong.",
  });
}
