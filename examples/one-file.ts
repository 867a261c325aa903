/**
 * DP-ZOSO in one file: training with forward passes only, under differential privacy, on a toy model.
 *
 *   npx tsx examples/one-file.ts
 *
 * Nothing is imported from dpzo; `test/one-file.test.ts` checks that this file and the library agree, step by
 * step and bit by bit. Read it from top to bottom, as the algorithm:
 *
 *   for each stage s (learning rate a halved, length doubled, ZO scale phi moved geometrically), for each step:
 *     PRIVATE  batch <- each record by itself with probability q                            poissonSample
 *              D_k(x) <- [loss(w + phi z_k; x) - loss(w - phi z_k; x)] / (2 phi)            differences
 *     WALL     r <- sum over x of D(x), clipped to norm c, + noise of deviation sigma c     release
 *     PUBLIC   append r to the ledger                                                       appendStep
 *              g <- sum over k of r_k z_k / (B K)                                           applyStep
 *              w <- (w + a l w_s - a g) / (1 + a l), with w_s = w at the start of the stage
 *
 * The d weights w, directions z_k in {-1, 1}^d and r in R^K are public; records, batch, losses and D(x) in R^K
 * are not. Weights are a function of (base, plan, r of every step), so the ledger alone rebuilds them: `replay`.
 *
 * dpzo adds language models, the accountant, checks with named errors, and a ledger that survives crashes: there
 * the beginning of a line is on disk before its batch is drawn, the rest before a weight moves.
 */
import { createHash, randomBytes, randomFillSync } from "node:crypto";

/** Fills `out` with unpredictable bytes. Batches and noise come from here, never from the directions' seed. */
export type RandomBytes = (out: Uint8Array) => void;
/** float32 tensors by name. */
export type Weights = Map<string, Float32Array>;

const { fround } = Math; // rounds to float32

// 1. The task: which points of a square lie inside a circle?

export interface Example {
  readonly point: readonly [number, number];
  readonly label: 0 | 1;
}

export type Batch = readonly Example[];

/** Point i of a sequence that fills [-1, 1]^2 evenly; label 1 inside the circle of half the square's area. */
export function example(i: number): Example {
  const x = 2 * ((i * 0.7548776662466927) % 1) - 1;
  const y = 2 * ((i * 0.5698402909980532) % 1) - 1;
  return { point: [x, y], label: x * x + y * y < 2 / Math.PI ? 1 : 0 };
}

const hiddenUnits = 8;

/** The public starting weights: spread over [-1, 1) by the golden ratio, the same on every machine. */
export function baseWeights(): Weights {
  const spread = (length: number, from: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 2 * (((from + i) * 0.618033988749895) % 1) - 1);
  return new Map([
    ["hidden", spread(3 * hiddenUnits, 1)], // [8, 3]: for x, for y, bias
    ["output", spread(hiddenUnits + 1, 100)], // [8 + 1]: for each unit, bias
  ]);
}

/** The network's logit for label 1, in float64: output . tanh(hidden . (x, y, 1)) + bias. */
function logit(weights: Weights, [x, y]: Example["point"]): number {
  const [hidden, output] = [weights.get("hidden")!, weights.get("output")!];
  let sum = output[hiddenUnits]!;
  for (let h = 0; h < hiddenUnits; h++) {
    sum += output[h]! * Math.tanh(hidden[3 * h]! * x + hidden[3 * h + 1]! * y + hidden[3 * h + 2]!);
  }
  return sum;
}

/** Cross-entropy of one example. */
export function loss(weights: Weights, { point, label }: Example): number {
  const margin = logit(weights, point) * (label === 1 ? 1 : -1);
  return Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
}

export function accuracy(weights: Weights, examples: Batch): number {
  const right = examples.filter(({ point, label }) => logit(weights, point) > 0 === (label === 1));
  return right.length / examples.length;
}

// 2. The plan: every public number of the run, fixed before it starts

export interface Stage {
  readonly steps: number;
  readonly learningRate: number; // a
  readonly smoothing: number; // phi
  readonly proximal: number; // l, the pull to the weights at the start of the stage
}

export interface Plan {
  readonly publicSize: number; // n, how many records there are
  readonly expectedBatch: number; // B
  readonly samplingNumerator: number; // q = samplingNumerator / 2^32
  readonly directions: number; // K
  readonly clipThreshold: number; // c, bound on the norm of one record's K differences
  readonly latticeSensitivity: number; // N, the same bound in integer units: one unit is c / N
  readonly standardDeviation: number; // S, of the noise in integer units: sigma = S / N
  readonly runSeed: string; // 32 bytes in hex, of the directions
  readonly stages: readonly Stage[];
}

/** Splits a run in stages: lengths 1 : 2 : 4 ..., a halved each time, phi moved geometrically to its last value. */
export function makeStages(count: number, run: Stage, lastSmoothing: number): Stage[] {
  const part = Math.floor(run.steps / (2 ** count - 1)); // what is left over goes to the last stage
  const ratio = lastSmoothing / run.smoothing;
  return Array.from({ length: count }, (_, s) => ({
    steps: s < count - 1 ? part * 2 ** s : run.steps - part * (2 ** s - 1),
    learningRate: run.learningRate / 2 ** s,
    smoothing: s > 0 && s === count - 1 ? lastSmoothing : run.smoothing * ratio ** (s / (count - 1 || 1)),
    proximal: run.proximal,
  }));
}

/**
 * sigma = 1.5 was chosen for an epsilon below 2. What it spends, under add-or-remove-one-record, says
 *
 *   npx dpzo account --sampling-rate 0.02 --noise-multiplier 1.5 --steps 700 --delta 1e-5
 */
export function toyPlan(runSeed: Uint8Array): Plan {
  const [publicSize, expectedBatch] = [10_000, 200];
  return {
    publicSize,
    expectedBatch,
    samplingNumerator: Number((BigInt(expectedBatch) << 32n) / BigInt(publicSize)), // at most B / n
    directions: 6,
    clipThreshold: 4,
    latticeSensitivity: 2 ** 20,
    standardDeviation: 1.5 * 2 ** 20,
    runSeed: Buffer.from(runSeed).toString("hex"),
    stages: makeStages(3, { steps: 700, learningRate: 2, smoothing: 0.1, proximal: 0.01 }, 0.02),
  };
}

// 3. Directions: a public function of (run seed, step, k, tensor, index)

function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  const mix = (to: number, from: number, other: number, left: number): void => {
    x[to]! += x[from]!;
    const word = x[other]! ^ x[to]!;
    x[other] = (word << left) | (word >>> (32 - left));
  };
  mix(a, b, d, 16);
  mix(c, d, b, 12);
  mix(a, b, d, 8);
  mix(c, d, b, 7);
}

/** One block of ChaCha8, RFC 8439's ChaCha20 with 8 rounds: key [8], nonce [3] -> keystream [16], in words. */
function chacha8(key: Uint32Array, counter: number, nonce: readonly number[]): Uint32Array {
  const start = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...key, counter, ...nonce);
  const x = start.slice();
  for (let round = 0; round < 8; round += 2) {
    for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  return x.map((word, i) => word + start[i]!);
}

/**
 * Tensor's part of z_k, [size]: a keystream bit a weight, -1 where it is set ("rademacher").
 *
 * dpzo has Gaussian directions too. They need a logarithm and a cosine with the same bits in every engine, which
 * `Math` does not promise; signs keep this file short, and have the covariance that the estimate needs.
 */
export function direction(seed: string, step: number, k: number, tensor: string, size: number): Float32Array {
  const hash = createHash("sha256").update("dpzo/direction/1\n").update(Buffer.from(seed, "hex"));
  const digest = hash.update(tensor, "utf8").digest();
  const key = Uint32Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(4 * i));
  const blocks = Array.from({ length: Math.ceil(size / 512) }, (_, b) => chacha8(key, b, [step, k, 2]));
  const bit = (i: number): number => (blocks[i >> 9]![(i >> 5) & 15]! >>> (i & 31)) & 1;
  return Float32Array.from({ length: size }, (_, i) => (bit(i) === 1 ? -1 : 1));
}

/** w + phi z_k, on a copy: the weights themselves only change in `applyStep`, so they do not drift. */
export function perturbed(weights: Weights, seed: string, step: number, k: number, phi: number): Weights {
  const shift = ([tensor, w]: [string, Float32Array]): [string, Float32Array] => {
    const z = direction(seed, step, k, tensor, w.length);
    return [tensor, w.map((value, i) => value + fround(fround(phi) * z[i]!))];
  };
  return new Map(Array.from(weights, shift));
}

// 4. The private side: which records, and how their losses differ

/** Each index by itself with probability exactly numerator / 2^32. Secret, and so is its length. */
export function poissonSample(records: number, numerator: number, random: RandomBytes): number[] {
  const draws = new Uint32Array(records);
  random(new Uint8Array(draws.buffer));
  return [...draws.keys()].filter((i) => draws[i]! < numerator);
}

/** D(x) for each x of the batch: [batch][K] in float64. An empty batch gives an empty list on the same path. */
export function differences(w: Weights, plan: Plan, phi: number, step: number, batch: Batch): Float64Array[] {
  const rows = batch.map(() => new Float64Array(plan.directions));
  for (let k = 0; k < plan.directions; k++) {
    const plus = perturbed(w, plan.runSeed, step, k, phi);
    const minus = perturbed(w, plan.runSeed, step, k, -phi);
    batch.forEach((x, row) => (rows[row]![k] = (loss(plus, x) - loss(minus, x)) / (2 * phi)));
  }
  return rows;
}

// 5. The wall: clip, round to integers, add up exactly, add exact noise

/** Toward zero, by one unit of the largest entry at a time, until the norm is at most N in exact arithmetic. */
export function shrink(lattice: number[], N: number): number[] {
  while (lattice.reduce((sum, value) => sum + BigInt(value) ** 2n, 0n) > BigInt(N) ** 2n) {
    const most = Math.max(...lattice.map(Math.abs));
    const at = lattice.findIndex((value) => Math.abs(value) === most);
    lattice[at]! -= Math.sign(lattice[at]!);
  }
  return lattice;
}

/** One record's differences [K] -> integers [K] of norm at most N; non-finite ones count as 0. */
export function clipToLattice(
  row: Float64Array,
  { clipThreshold: c, latticeSensitivity: N }: Plan,
): number[] {
  const finite = Array.from(row, (value) => (Number.isFinite(value) ? value : 0));
  const largest = Math.max(...finite.map(Math.abs));
  if (largest === 0) return finite.map(() => 0);
  // Relative to the largest entry, no square can overflow or vanish.
  const norm = Math.sqrt(finite.reduce((sum, value) => sum + (value / largest) ** 2, 0));
  const share = (value: number): number => (norm > c / largest ? value / largest / norm : value / c);
  const lattice = finite.map((value) => Math.trunc(share(value) * N) + 0);
  return shrink(lattice, N); // floats err in their last bits, and the guarantee must not rest on them
}

/** Uniform in [0, bound), by rejection. */
function uniformBelow(bound: bigint, random: RandomBytes): bigint {
  const bits = (bound - 1n).toString(2).length;
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  for (;;) {
    random(bytes);
    const value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`) >> BigInt(8 * bytes.length - bits);
    if (value < bound) return value;
  }
}

/** True with probability exactly exp(-a / b): Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithm 1. */
function bernoulliExp(a: bigint, b: bigint, random: RandomBytes): boolean {
  for (; a > b; a -= b) if (!bernoulliExp(1n, 1n, random)) return false;
  let k = 1n;
  while (uniformBelow(b * k, random) < a) k += 1n;
  return k % 2n === 1n;
}

/** P(y) proportional to exp(-|y| / t) on the integers: their Algorithm 2. */
function discreteLaplace(t: bigint, random: RandomBytes): bigint {
  for (;;) {
    const offset = uniformBelow(t, random);
    if (!bernoulliExp(offset, t, random)) continue;
    let magnitude = offset;
    while (bernoulliExp(1n, 1n, random)) magnitude += t;
    const isNegative = uniformBelow(2n, random) === 1n;
    if (!isNegative || magnitude > 0n) return isNegative ? -magnitude : magnitude;
  }
}

/** P(y) proportional to exp(-y^2 / (2 S^2)) on the integers: their Algorithm 3. */
export function discreteGaussian(standardDeviation: number, random: RandomBytes): bigint {
  const variance = BigInt(standardDeviation) ** 2n;
  const t = BigInt(standardDeviation) + 1n;
  for (;;) {
    const y = discreteLaplace(t, random);
    const excess = (y < 0n ? -y : y) * t - variance; // t (|y| - S^2 / t)
    if (bernoulliExp(excess ** 2n, 2n * variance * t ** 2n, random)) return y;
  }
}

/** [batch][K] -> r [K], in integer units: all that leaves the private side. The batch's size does not show. */
export function release(rows: readonly Float64Array[], plan: Plan, random: RandomBytes): number[] {
  const lattice = rows.map((row) => clipToLattice(row, plan));
  return Array.from({ length: plan.directions }, (_, k) => {
    const sum = lattice.reduce((total, integers) => total + integers[k]!, 0); // below 2^53, so exact
    return Number(BigInt(sum) + discreteGaussian(plan.standardDeviation, random));
  });
}

// 6. The ledger: a line a step, each with a hash over itself and the hash before it (docs/ledger.md)

export interface Entry {
  readonly step: number;
  readonly stage: number;
  readonly values?: readonly number[]; // r; absent where a crash lost it: charged, and not applied
}

// A line is its body, `,"hash":"`, 64 hex digits, `"}` and a newline.
const bodyOf = (line: string): string => line.slice(0, -76);
const hashOf = (line: string): string => line.slice(-67, -3);

function append(ledger: string[], body: string): void {
  const last = ledger[ledger.length - 1];
  const previous = last === undefined ? "0".repeat(64) : hashOf(last);
  const hash = createHash("sha256").update(previous).update(body, "utf8").digest("hex");
  ledger.push(`${body},"hash":"${hash}"}\n`);
}

export function appendStep(ledger: string[], { step, stage, values }: Required<Entry>): void {
  append(ledger, `{"step":${step},"stage":${stage},"values":[${values.join(",")}]`);
}

/** Checks the chain; the last line's hash stands for the whole ledger. */
export function readLedger(lines: readonly string[]): { plan: Plan; entries: Entry[]; hash: string } {
  const again: string[] = [];
  for (const line of lines) {
    append(again, bodyOf(line));
    if (again.at(-1) !== line) throw new Error(`Line ${again.length} does not fit its hash.`);
  }
  const [header, ...entries] = lines.map((line) => JSON.parse(line) as unknown);
  const { plan } = header as { plan: Plan };
  return { plan, entries: entries as Entry[], hash: hashOf(lines.at(-1)!) };
}

// 7. The public side: weights from (base, plan, released values)

export interface State {
  readonly weights: Weights;
  anchorStage: number;
  anchors: Weights; // w_s
}

export function initialState(base: Weights): State {
  return { weights: structuredClone(base), anchorStage: -1, anchors: new Map() };
}

/** One update, in float32 operations of a fixed order: every machine gets the same bits. */
export function applyStep(state: State, plan: Plan, { step, stage: index, values }: Entry): void {
  if (state.anchorStage !== index) {
    state.anchorStage = index;
    state.anchors = structuredClone(state.weights);
  }
  if (values === undefined) return;
  const { learningRate, proximal } = plan.stages[index]!;
  const [rate, pull] = [fround(learningRate), fround(learningRate * proximal)];
  const unit = plan.clipThreshold / plan.latticeSensitivity;
  // Over the public B, not over the size of the batch that was drawn.
  const coefficients = values.map((r) => fround((r * unit) / (plan.expectedBatch * plan.directions)));
  for (const [tensor, w] of state.weights) {
    const g = new Float32Array(w.length);
    coefficients.forEach((coefficient, k) => {
      const z = direction(plan.runSeed, step, k, tensor, w.length);
      z.forEach((sign, i) => (g[i]! += fround(coefficient * sign)));
    });
    const anchor = state.anchors.get(tensor)!;
    w.forEach((value, i) => {
      const pulled = pull === 0 ? value : fround(value + fround(pull * anchor[i]!));
      w[i] = fround(pulled - fround(rate * g[i]!)) / fround(1 + pull);
    });
  }
}

/** The trained weights, from the public base and the ledger alone. */
export function replay(base: Weights, lines: readonly string[]): Weights {
  const { plan, entries } = readLedger(lines);
  const state = initialState(base);
  for (const entry of entries) applyStep(state, plan, entry);
  return state.weights;
}

// 8. Training: sample, measure, release, append, apply

export function train(base: Weights, plan: Plan, records: Batch, random: RandomBytes): [Weights, string[]] {
  const state = initialState(base);
  const ledger: string[] = [];
  append(ledger, `{"format":"dpzo-ledger/1","plan":${JSON.stringify(plan)}`);
  let step = 0;
  for (const [index, stage] of plan.stages.entries()) {
    for (const end = step + stage.steps; step < end;) {
      step += 1;
      const members = poissonSample(records.length, plan.samplingNumerator, random);
      const batch = members.map((member) => records[member]!);
      const rows = differences(state.weights, plan, stage.smoothing, step, batch);
      const entry = { step, stage: index, values: release(rows, plan, random) };
      appendStep(ledger, entry);
      applyStep(state, plan, entry);
    }
  }
  return [state.weights, ledger];
}

function main(): void {
  const plan = toyPlan(randomBytes(32));
  const records = Array.from({ length: plan.publicSize }, (_, i) => example(i));
  const publicTest = Array.from({ length: 2000 }, (_, i) => example(plan.publicSize + i));
  const base = baseWeights();
  const [weights, ledger] = train(base, plan, records, randomFillSync);
  const replayed = replay(base, ledger);
  const isSame = [...weights].every(([tensor, w]) =>
    w.every((value, i) => value === replayed.get(tensor)![i]),
  );
  console.log(`accuracy before     ${accuracy(base, publicTest)}`);
  console.log(`accuracy after      ${accuracy(weights, publicTest)}`);
  console.log(`replayed weights    ${isSame ? "the same bits" : "DIFFERENT"}`);
  console.log(`ledger's last hash  ${readLedger(ledger).hash}`);
}

if (process.argv[1]?.endsWith("one-file.ts") === true) main();
