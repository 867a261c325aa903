/** How {@link formatNumber} rounds. `up` is for upper bounds, `down` for lower bounds. */
export interface NumberFormat {
  /** Significant digits of a number that is not an integer; default 4. */
  readonly digits?: number;
  readonly rounding?: "nearest" | "up" | "down";
  /** Keeps zeros at the end, so that figures of one kind look alike; default false. */
  readonly padded?: boolean;
}

/**
 * The one way numbers are written in a report.
 *
 * Integers below 10^15 are written in full, others to a number of significant digits; thousands are separated.
 *
 * Guarantees:
 * - With `up` the written number is never below the value, with `down` never above it.
 *
 * @example
 * formatNumber(3.99951, { rounding: "up", padded: true }); // "4.000"
 * formatNumber(4772); // "4,772"
 */
export function formatNumber(value: number, format: NumberFormat = {}): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "undefined" : value < 0 ? "−∞" : "∞";
  const { digits = 4, rounding = "nearest", padded = false } = format;
  if (Number.isInteger(value) && Math.abs(value) < 1e15 && !padded) return grouped(String(value));
  const rounded = roundedTo(value, digits, rounding);
  const exponent = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  const isPlain = exponent >= -5 && exponent < 12;
  const text = isPlain
    ? rounded.toFixed(Math.min(100, Math.max(0, digits - 1 - exponent)))
    : rounded.toExponential(digits - 1);
  return grouped(padded ? text : trimmed(text));
}

/** A number as it stands in the plan: no rounding at all. For delta and the like. */
export function formatExact(value: number): string {
  return grouped(String(value));
}

/** A fraction as a percentage with one decimal: 0.909 is "90.9 %". */
export function formatPercent(fraction: number, decimals = 1): string {
  if (!Number.isFinite(fraction)) return "undefined";
  return `${grouped((100 * fraction).toFixed(decimals))}\u00a0%`;
}

/** `1 step`, `2 steps`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatNumber(count)} ${count === 1 ? singular : plural}`;
}

/** A position in a picture, in pixels: hundredths are finer than any screen. */
export function pixels(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function roundedTo(value: number, digits: number, rounding: "nearest" | "up" | "down"): number {
  const nearest = Number(value.toPrecision(digits));
  if (rounding === "nearest" || nearest === value) return nearest;
  const sign = rounding === "up" ? 1 : -1;
  if (sign * (nearest - value) > 0) return nearest;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - digits + 1);
  return Number((nearest + sign * unit).toPrecision(digits));
}

/** Drops zeros at the end of the fraction. */
function trimmed(text: string): string {
  const [mantissa = "", exponent] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/u, "") : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace("+", "")}`;
}

/** Commas between thousands, a real minus sign in front. */
function grouped(text: string): string {
  const [, sign = "", whole = "", rest = ""] = /^(-?)(\d+)(.*)$/u.exec(text) ?? [];
  return (sign === "" ? "" : "−") + whole.replace(/\B(?=(?:\d{3})+$)/gu, ",") + rest;
}
