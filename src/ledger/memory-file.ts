import type { LedgerFile } from "./file.js";
import { concatenate } from "./format.js";

/** What a `MemoryLedgerFile` throws when its time has come, and on every call after that. */
export class SimulatedCrash extends Error {}

/**
 * A ledger file in memory that can crash after any byte; for tests, and for pages that keep nothing.
 *
 * Each appended byte, each sync and each byte of a replacement costs one; when `crashAfter` is used up, the call
 * stops there and throws, as do all later ones. A replacement that is not paid in full leaves the old bytes.
 *
 * @example
 * const file = new MemoryLedgerFile({ crashAfter: 300 });
 * // ... write until it throws SimulatedCrash, then go on with what a disk might hold:
 * const after = new MemoryLedgerFile({ bytes: file.survivors(file.syncedLength) });
 */
export class MemoryLedgerFile implements LedgerFile {
  #bytes: Uint8Array;
  #synced: number;
  #left: number;
  #crashed = false;

  /** @param options `syncedLength`: how many of `bytes` are on disk already; all, if not said. */
  constructor(options: { bytes?: Uint8Array; syncedLength?: number; crashAfter?: number } = {}) {
    this.#bytes = options.bytes?.slice() ?? new Uint8Array();
    this.#synced = options.syncedLength ?? this.#bytes.length;
    this.#left = options.crashAfter ?? Infinity;
  }

  /** How many bytes are sure to survive a crash. */
  get syncedLength(): number {
    return this.#synced;
  }

  /** How many bytes were written; those beyond `syncedLength` may or may not survive. */
  get length(): number {
    return this.#bytes.length;
  }

  /** What a disk may hold after a crash: all synced bytes, and unsynced ones up to `length`. */
  survivors(length: number = this.#bytes.length): Uint8Array {
    return this.#bytes.slice(0, Math.max(this.#synced, length));
  }

  readAll(): Promise<Uint8Array> {
    return this.#run(0, () => this.#bytes.slice());
  }

  append(bytes: Uint8Array): Promise<void> {
    const kept = Math.min(bytes.length, this.#left);
    if (!this.#crashed) this.#bytes = concatenate([this.#bytes, bytes.subarray(0, kept)]);
    return this.#run(bytes.length, () => undefined);
  }

  sync(): Promise<void> {
    return this.#run(1, () => {
      this.#synced = this.#bytes.length;
    });
  }

  replace(bytes: Uint8Array): Promise<void> {
    return this.#run(bytes.length + 1, () => {
      this.#bytes = bytes.slice();
      this.#synced = bytes.length;
    });
  }

  #run<Result>(cost: number, act: () => Result): Promise<Result> {
    if (this.#crashed || cost > this.#left) {
      this.#crashed = true;
      return Promise.reject(new SimulatedCrash("The simulated machine has crashed."));
    }
    this.#left -= cost;
    return Promise.resolve(act());
  }
}
