import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { canonicalJson, type JsonObject } from "./canonical.js";

/** The format's name and version, the first thing in every ledger. */
export const ledgerFormat = "dpzo-ledger/1";
/** What stands in for the previous line's hash before the header. */
export const firstHash = "0".repeat(64);
/** What separates a line's content from its hash. */
export const hashLabel = ',"hash":"';
/** The length in bytes of `,"hash":"<64 hex>"}`, the end of every line before its newline. */
export const sealLength = hashLabel.length + 64 + 2;

/** One step of a ledger: a release, or the charge for one that was lost in a crash. */
export interface LedgerEntry {
  /** From 1, without gaps. */
  readonly step: number;
  /** The stage of the schedule, from 0, never falling. */
  readonly stage: number;
  /** K safe integers, in lattice units; absent if the step was lost. */
  readonly values?: readonly number[];
  /** A batch or noise may have been drawn and nothing of it is kept: charged, nothing applied. */
  readonly lost?: true;
}

/** A line's content without its hash: what the hash covers. */
export function headerBody(plan: JsonObject): string {
  return `{"format":"${ledgerFormat}","plan":${canonicalJson(plan)}`;
}

/** What is on disk before a batch or noise is drawn for a step. */
export function stepPrefix(step: number, stage: number): string {
  return `{"step":${step},"stage":${stage},`;
}

/** What follows a step's prefix, up to its hash. */
export function stepRest(values: readonly number[] | undefined): string {
  return values === undefined ? '"lost":true' : `"values":[${values.join(",")}]`;
}

/** A step's line up to its hash. */
export function stepBody(entry: LedgerEntry): string {
  return stepPrefix(entry.step, entry.stage) + stepRest(entry.values);
}

const encoder = new TextEncoder();

/** UTF-8. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** SHA-256 over the previous line's hash (64 hex characters) and this line's bytes up to its hash. */
export function lineHash(previous: string, body: Uint8Array): string {
  return bytesToHex(sha256.create().update(encode(previous)).update(body).digest());
}

/** The end of a line: its hash, the closing brace, the newline. */
export function seal(hash: string): string {
  return `${hashLabel}${hash}"}\n`;
}

/** A whole line and the hash that the next one builds on. */
export function sealedLine(previous: string, body: string): { bytes: Uint8Array; hash: string } {
  const hash = lineHash(previous, encode(body));
  return { bytes: encode(body + seal(hash)), hash };
}

/** Every line of a ledger with its hash, the header's first. */
export function* sealedLines(
  plan: JsonObject,
  entries: readonly LedgerEntry[],
): Generator<{ bytes: Uint8Array; hash: string }> {
  let line = sealedLine(firstHash, headerBody(plan));
  yield line;
  for (const entry of entries) {
    line = sealedLine(line.hash, stepBody(entry));
    yield line;
  }
}

/** Byte arrays one after another. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
