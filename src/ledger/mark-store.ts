import type { LedgerFile } from "./file.js";

/** A run folder, as marks remember it. */
export interface RunFolder {
  /** Where it is, in full; for people, and to find it again. */
  readonly path: string;
  /** What tells it from a folder that was made later at the same path; never interpreted. */
  readonly identity: string;
}

/** A mark that this process alone may write, until it is released. */
export interface TakenMark {
  readonly file: LedgerFile;
  /** Gives it back; again is harmless. */
  release(): Promise<void>;
}

/**
 * Where a machine keeps the marks of its runs, outside of their folders, as an adapter; `src/node` has the real one,
 * `MemoryMarkStore` the test's.
 *
 * An implementation promises: of any number of processes of one machine, at most one has taken a mark at a time.
 */
export interface MarkStore {
  /** The folder of the run that is to be opened. */
  readonly folder: RunFolder;
  /** What an error calls a mark: its path. */
  nameOf(mark: string): string;
  /** The marks that are there, each a plain file name. */
  list(): Promise<readonly string[]>;
  /** All bytes of a mark; none if it does not exist. */
  read(mark: string): Promise<Uint8Array>;
  /** Takes a mark, which need not exist. @throws an error that names the other process, if one has it. */
  take(mark: string): Promise<TakenMark>;
}

/** Marks in memory, which several `MemoryMarkStore` of one machine share; for tests. */
export class MemoryMarks {
  readonly files = new Map<string, LedgerFile>();
  readonly taken = new Set<string>();
}

/** The marks of a machine, as the run of one folder sees them; for tests. */
export class MemoryMarkStore implements MarkStore {
  readonly folder: RunFolder;
  readonly #marks: MemoryMarks;
  readonly #newFile: () => LedgerFile;

  /** @param newFile makes an empty file that outlives the store, such as `() => new MemoryLedgerFile()` */
  constructor(path: string, marks: MemoryMarks, newFile: () => LedgerFile) {
    this.folder = { path, identity: path };
    this.#marks = marks;
    this.#newFile = newFile;
  }

  nameOf(mark: string): string {
    return mark;
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#marks.files.keys()]);
  }

  async read(mark: string): Promise<Uint8Array> {
    return (await this.#marks.files.get(mark)?.readAll()) ?? new Uint8Array();
  }

  take(mark: string): Promise<TakenMark> {
    const { files, taken } = this.#marks;
    if (taken.has(mark)) return Promise.reject(new Error(`${mark} is taken`));
    taken.add(mark);
    const file = files.get(mark) ?? this.#newFile();
    files.set(mark, file);
    const release = (): Promise<void> => {
      taken.delete(mark);
      return Promise.resolve();
    };
    return Promise.resolve({ file, release });
  }
}
