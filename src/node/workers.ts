import { Worker } from "node:worker_threads";

import type { WorkerHost, WorkerPort } from "../runtime/runtime.js";

/** Worker threads that walk: each with a thread of its own, and no thread inside an operator. */
export function nodeWorkers(count: number): WorkerHost {
  return { count, start: () => new NodeWorkerPort() };
}

function startWorker(): Worker {
  const { url } = import.meta;
  if (!url.endsWith(".ts")) return new Worker(new URL("./walk-worker.js", url));
  // From source, as in tests: the entry is TypeScript, which tsx translates once it is registered in the worker.
  const entry = JSON.stringify(new URL("./walk-worker.ts", url).href);
  const boot = `import("tsx/esm/api").then(({ register }) => { register(); return import(${entry}); });`;
  return new Worker(boot, { eval: true });
}

class NodeWorkerPort implements WorkerPort {
  readonly #worker: Worker = startWorker();
  /** Answers that are owed: while there are any, the process must not end. */
  #owed = 0;
  #isClosed = false;

  constructor() {
    this.#worker.unref();
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
    // Only what was sent is answered.
    this.#owed += 1;
    this.#worker.ref();
  }

  onMessage(listen: (message: unknown) => void): void {
    this.#worker.on("message", (message) => {
      this.#owed -= 1;
      if (this.#owed === 0) this.#worker.unref();
      listen(message);
    });
  }

  onFailure(listen: () => void): void {
    // An uncaught error of a worker may quote data: it is not passed on.
    this.#worker.on("error", () => undefined);
    // A message that cannot be read is never answered: without its worker, what it owes has failed.
    this.#worker.on("messageerror", () => void this.#worker.terminate());
    this.#worker.on("exit", () => {
      if (!this.#isClosed) listen();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }
}
