import { RuntimeError } from "../runtime/errors.js";
import type { InferenceRuntime, Tensor, WorkerHost, WorkerPort } from "../runtime/runtime.js";
import type { Reading } from "../tasks/index.js";
import { equalShares } from "./shares.js";
import { largestStageBytes, shareWeights } from "./shared-weights.js";
import type { Pass, WalkBatch, Walker, WalkSetting } from "./walker.js";
import {
  type Numbered,
  portable,
  type PortableSetting,
  type WorkerAnswer,
  type WorkerRequest,
} from "./worker-protocol.js";

/** Most bytes of perturbed weights over all workers; a large model is measured by fewer of them. */
const scratchLimit = 2 * 2 ** 30;

const pools = new WeakMap<WorkerHost, WorkerPool>();

/** The workers of a runtime, started when first used; none where the runtime has none. */
export function workersOf({ workers }: InferenceRuntime): WorkerPool | undefined {
  if (workers === undefined) return undefined;
  const pool = pools.get(workers) ?? new WorkerPool(workers);
  pools.set(workers, pool);
  return pool;
}

/**
 * Workers that walk side by side, each with one thread and sessions of its own.
 *
 * Guarantees:
 * - Weights are shared, not copied: a worker holds the perturbed weights of one stage, and copies of few others.
 * - What a text gives does not depend on which worker runs it, nor on what it runs besides.
 */
export class WorkerPool {
  readonly #host: WorkerHost;
  readonly #clients: WorkerClient[] = [];
  #walks = 0;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  /** A walker on as many workers as memory allows, each of which is told of it when it first has something to do. */
  open(setting: WalkSetting): Walker {
    const walk = (this.#walks += 1);
    const sent = portable(setting, shareWeights(setting.weights, setting));
    const opened = new Map<number, Promise<WorkerClient>>();
    const clientAt = (index: number): Promise<WorkerClient> => {
      const client = opened.get(index) ?? this.#opened(index, walk, sent);
      opened.set(index, client);
      return client;
    };
    return new PoolWalker(walk, workersFor(setting, this.#host.count), clientAt, opened);
  }

  async #opened(index: number, walk: number, setting: PortableSetting): Promise<WorkerClient> {
    const known = this.#clients[index];
    const client = known === undefined || known.isGone ? startClient(this.#host) : known;
    this.#clients[index] = client;
    await client.ask({ kind: "open", walk, setting });
    return client;
  }
}

/** @throws {RuntimeError} `worker-failed`, whatever the host throws */
function startClient(host: WorkerHost): WorkerClient {
  try {
    return new WorkerClient(host.start());
  } catch {
    throw workerFailed();
  }
}

/** Both sides' weights of a stage, and the copies that the runtime is fed from. */
function workersFor(setting: WalkSetting, most: number): number {
  const sides = setting.perturbation === undefined ? 0 : 2;
  const each = (1 + sides) * largestStageBytes(setting);
  return Math.min(most, Math.max(2, Math.floor(scratchLimit / each)));
}

/** A batch's part in a pass. */
interface Unit {
  readonly pass: number;
  readonly batch: number;
  readonly cost: number;
}

class PoolWalker implements Walker {
  readonly #walk: number;
  readonly #count: number;
  readonly #clientAt: (index: number) => Promise<WorkerClient>;
  readonly #opened: ReadonlyMap<number, Promise<WorkerClient>>;

  constructor(
    walk: number,
    count: number,
    clientAt: (index: number) => Promise<WorkerClient>,
    opened: ReadonlyMap<number, Promise<WorkerClient>>,
  ) {
    this.#walk = walk;
    this.#count = count;
    this.#clientAt = clientAt;
    this.#opened = opened;
  }

  async encode(batches: readonly WalkBatch[]): Promise<readonly Tensor<Float32Array>[]> {
    const shares = equalShares(batches, this.#count);
    const answers = await this.#each(shares, (share) => ({
      kind: "encode",
      walk: this.#walk,
      batches: share,
    }));
    return answers.flatMap((answer) => (answer.kind === "encoded" ? answer.hidden : []));
  }

  /** Directions are dealt out first: a worker that has a direction to itself is the only one to generate it. */
  async readings(
    batches: readonly WalkBatch[],
    passes: readonly Pass[],
  ): Promise<readonly (readonly (readonly Reading[])[])[]> {
    const units = passes.flatMap((_, pass) =>
      batches.map(({ cost }, batch): Unit => ({ pass, batch, cost })),
    );
    const shares = equalShares(units, this.#count).map(byPass);
    const answers = await this.#each(shares, (share) => requestOf(this.#walk, share, batches, passes));
    const results = passes.map(({ sides }) => Array.from({ length: sides }, (): Reading[] => []));
    shares.forEach((share, index) => {
      const answer = answers[index];
      const read = answer?.kind === "read" ? answer.readings : [];
      share.forEach(({ pass }, at) => {
        read[at]?.forEach((readings, side) => {
          const all = results[pass]?.[side];
          for (const reading of readings) all?.push(reading);
        });
      });
    });
    return results;
  }

  /** Never fails: it also follows a failed walk, and a worker that is gone holds nothing any more. */
  async release(): Promise<void> {
    const close = { kind: "close", walk: this.#walk } as const;
    const closed = [...this.#opened.values()].map(async (opened) => (await opened).ask(close));
    await Promise.allSettled(closed);
  }

  #each<T>(shares: readonly T[], request: (share: T) => WorkerRequest): Promise<readonly WorkerAnswer[]> {
    return Promise.all(
      shares.map(async (share, index) => {
        const client = await this.#clientAt(index);
        return client.ask(request(share));
      }),
    );
  }
}

/** The batches of one pass in a share. */
interface PassPart {
  readonly pass: number;
  readonly batches: readonly number[];
}

function byPass(units: readonly Unit[]): readonly PassPart[] {
  const parts = new Map<number, number[]>();
  for (const { pass, batch } of units) {
    const part = parts.get(pass);
    if (part === undefined) parts.set(pass, [batch]);
    else part.push(batch);
  }
  return [...parts].map(([pass, batches]) => ({ pass, batches }));
}

function requestOf(
  walk: number,
  parts: readonly PassPart[],
  batches: readonly WalkBatch[],
  passes: readonly Pass[],
): WorkerRequest {
  const needed = [...new Set(parts.flatMap((part) => part.batches))].sort((a, b) => a - b);
  const place = new Map(needed.map((batch, index) => [batch, index]));
  return {
    kind: "readings",
    walk,
    batches: needed.flatMap((batch) => batches[batch] ?? []),
    passes: parts.flatMap((part) => {
      const pass = passes[part.pass];
      return pass === undefined
        ? []
        : [{ pass, batches: part.batches.map((batch) => place.get(batch) ?? 0) }];
    }),
  };
}

/** A worker, and what it still owes. */
class WorkerClient {
  readonly #port: WorkerPort;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: WorkerAnswer) => void; reject: (error: Error) => void }
  >();
  #jobs = 0;
  #isGone = false;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.onMessage((message) => {
      // The other end is this library's own.
      const { job, body } = message as Numbered<WorkerAnswer>;
      this.#settle(job, body);
    });
    port.onFailure(() => {
      this.#isGone = true;
      for (const job of [...this.#waiting.keys()]) this.#settle(job, { kind: "failed" });
    });
  }

  /** Whether its worker has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  ask(body: WorkerRequest): Promise<WorkerAnswer> {
    if (this.#isGone) return Promise.reject(workerFailed());
    const job = (this.#jobs += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(job, { resolve, reject });
      const message: Numbered<WorkerRequest> = { job, body };
      try {
        this.#port.post(message);
      } catch {
        // What cannot be sent is quoted by the error, which is therefore not passed on.
        this.#settle(job, { kind: "failed" });
      }
    });
  }

  #settle(job: number, answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(job);
    this.#waiting.delete(job);
    if (answer.kind === "failed") waiting?.reject(workerFailed(answer.error));
    else waiting?.resolve(answer);
  }
}

function workerFailed(error?: { readonly code: string; readonly message: string }): RuntimeError {
  return new RuntimeError("worker-failed", {
    message:
      error?.message ??
      "The forward passes failed in a worker; what was said is withheld, it may quote data.",
    ...(error !== undefined && { value: error.code }),
    next: "Run the same command again, or with --threads 1.",
  });
}
