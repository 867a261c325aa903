/**
 * The one file a ledger needs, as an adapter; `src/node` has the real one, `MemoryLedgerFile` the test's.
 *
 * An implementation promises:
 * - `append` adds the bytes at the end; after a crash any prefix of bytes that were not yet synced may be there.
 * - When `sync` has resolved, every byte appended before survives a crash (fsync).
 * - `replace` is atomic and durable when it resolves: temporary file, fsync, rename, fsync of the folder. After a
 *   crash during it the file holds either the old bytes or the new ones.
 * - Nothing is appended to, and nothing replaces, a file that is not the one that was read and written, as far as the
 *   platform can tell: `LedgerError` with code `ledger-replaced`.
 */
export interface LedgerFile {
  /** What a message calls it: its path. Absent where it has none. */
  readonly name?: string;
  /** All bytes; none if the file does not exist. */
  readAll(): Promise<Uint8Array>;
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  replace(bytes: Uint8Array): Promise<void>;
  /**
   * Keeps bytes beside the file, under a name of their own, and says which: for a ledger whose file was taken away
   * while it was written. Absent where there is no such place.
   */
  keepAside?(bytes: Uint8Array): Promise<string>;
}
