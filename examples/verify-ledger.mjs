/**
 * Checks a dpzo ledger without dpzo: bytes, hash chain, order. Rules: docs/ledger.md.
 *
 *   node verify-ledger.mjs ledger.jsonl [last-hash]
 *
 * Prints one JSON object. Exits 0 if the ledger holds (and ends with last-hash, if one is given), else 1.
 * It does not recompute epsilon: that is `dpzo verify`.
 */
/* global TextDecoder */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [path, expectedLast] = process.argv.slice(2);
const sealLength = 75; // ,"hash":"<64 hex digits>"}

/** Stops with the place of the first thing that is wrong. */
class Bad extends Error {
  constructor(line, offset, problem) {
    super(problem);
    this.place = { line, offset };
  }
}

function readLine(bytes, line, offset, previous) {
  const fail = (problem) => {
    throw new Bad(line, offset, problem);
  };
  if (bytes.length > (line === 1 ? 2 ** 20 : 128 + 18 * 4096) - 1) fail("the line is too long");
  const body = bytes.subarray(0, Math.max(0, bytes.length - sealLength));
  const seal = /^,"hash":"([0-9a-f]{64})"\}$/.exec(bytes.subarray(body.length).toString("latin1"));
  if (seal === null) fail("the line does not end with its hash");
  const hash = createHash("sha256").update(previous).update(body).digest("hex");
  if (hash !== seal[1]) fail("the hash does not fit the line and the line before it");
  let content;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) + "}";
    content = JSON.parse(text);
    if (JSON.stringify(content) !== text) fail("the line is not canonical JSON");
  } catch (error) {
    if (error instanceof Bad) throw error;
    fail("the line is not JSON in UTF-8");
  }
  return { content, hash, fail };
}

function checkHeader({ content, fail }) {
  if (content.format !== "dpzo-ledger/1") fail("the format is not dpzo-ledger/1");
  if (Object.keys(content).join() !== "format,plan") fail("the header holds more than format and plan");
  const { plan } = content;
  if (typeof plan !== "object" || plan === null || Array.isArray(plan)) fail("the plan is not an object");
}

function checkStep({ content, fail }, steps, before) {
  const { step, stage, values, lost } = content;
  const keys = Object.keys(content).join();
  if (step !== steps + 1 || step > 1_000_000) fail(`step ${steps + 1} was due`);
  if (!Number.isInteger(stage) || stage < before.stage || stage > 999) fail("the stage is wrong");
  if (keys === "step,stage,lost" && lost === true) return { ...before, stage };
  if (keys !== "step,stage,values" || !Array.isArray(values)) fail("the line is not a step");
  const isList = values.length >= 1 && values.length <= 4096 && values.every(Number.isSafeInteger);
  if (!isList) fail("the values are not 1 to 4096 safe integers");
  if (stage === before.sized && values.length !== before.size) fail("the stage has steps of two sizes");
  return { stage, sized: stage, size: values.length };
}

function verify(bytes) {
  const count = { steps: 0, released: 0, lost: 0 };
  let hash = "0".repeat(64);
  let before = { stage: 0, sized: -1, size: 0 };
  let line = 1;
  for (let offset = 0; line === 1 || offset < bytes.length; line++) {
    const end = bytes.indexOf(10, offset);
    if (end < 0) throw new Bad(line, offset, "the last line does not end with a newline");
    const read = readLine(bytes.subarray(offset, end), line, offset, hash);
    if (line === 1) checkHeader(read);
    else {
      before = checkStep(read, count.steps, before);
      count.steps += 1;
      count[read.content.lost ? "lost" : "released"] += 1;
    }
    hash = read.hash;
    offset = end + 1;
  }
  if (expectedLast !== undefined && hash !== expectedLast) {
    throw new Bad(line - 1, bytes.length, `the last hash is ${hash}, not the one given`);
  }
  return { valid: true, ...count, hash };
}

try {
  console.log(JSON.stringify(verify(readFileSync(path))));
} catch (error) {
  const place = error instanceof Bad ? error.place : {};
  console.log(JSON.stringify({ valid: false, ...place, error: error.message }));
  process.exitCode = 1;
}
