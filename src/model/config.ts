import { ModelError } from "./errors.js";

/** Reads fields of a `config.json`, naming the field in every refusal. */
export class ConfigReader {
  readonly #config: Readonly<Record<string, unknown>>;

  constructor(config: Readonly<Record<string, unknown>>) {
    this.#config = config;
  }

  /** A whole number from `minimum` up to 2^31 - 1. */
  size(field: string, minimum = 1): number {
    const value = this.#config[field];
    if (value === undefined) throw missing(field);
    if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > 0x7fffffff) {
      throw unsupported(field, value, `a whole number from ${minimum} up`);
    }
    return value;
  }

  /** A positive finite number. */
  positive(field: string): number {
    const value = this.#config[field];
    if (value === undefined) throw missing(field);
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
      throw unsupported(field, value, "a positive number");
    }
    return value;
  }

  /** One of `choices`; `fallback` where the field is absent. */
  choice<Choice extends string>(field: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.#config[field] ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw unsupported(field, value, `one of ${choices.join(", ")}`);
    return found;
  }

  /** True unless the field says false (Hugging Face's default for masked LMs). */
  flag(field: string, fallback: boolean): boolean {
    const value = this.#config[field] ?? fallback;
    if (typeof value !== "boolean") throw unsupported(field, value, "true or false");
    return value;
  }

  /** Refuses a config in which `field` is set to something other than `only`. */
  require(field: string, only: unknown): void {
    const value = this.#config[field] ?? only;
    if (value !== only) throw unsupported(field, value, JSON.stringify(only));
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
