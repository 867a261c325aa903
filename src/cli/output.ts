/**
 * Where a command's words go: people read stderr, machines read one JSON object on stdout.
 */
export interface Output {
  /** Whether `--json` was asked for. */
  readonly json: boolean;
  /** A line for people. */
  say(line?: string): void;
  /** The command's answer: with `--json` the object alone on stdout, else the lines made from it. */
  answer(value: Readonly<Record<string, unknown>>, lines: () => readonly string[]): void;
  /** A line that replaces the last progress line on a terminal, and is rate-limited elsewhere. */
  progress(line: string): void;
  /** Ends a progress line. */
  progressEnd(): void;
}

/** Streams a command writes to; `process` in real life. */
export interface OutputStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Progress lines on something that is not a terminal: at most one in this many milliseconds. */
const quietInterval = 10_000;

/** The output of one command. */
export function createOutput(
  streams: OutputStreams,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): Output {
  const { stdout, stderr } = streams;
  const isTerminal = stderr.isTTY === true;
  let lastProgress = -Infinity;
  let open = false;
  const end = (): void => {
    if (open) stderr.write("\n");
    open = false;
  };
  return {
    json,
    say: (line = "") => {
      end();
      if (!quiet) stderr.write(`${line}\n`);
    },
    answer: (value, lines) => {
      end();
      stdout.write(
        json
          ? `${JSON.stringify(value)}\n`
          : lines()
              .map((line) => `${line}\n`)
              .join(""),
      );
    },
    progress: (line) => {
      if (quiet) return;
      if (isTerminal) {
        stderr.write(`\r\u001b[2K${line}`);
        open = true;
      } else if (performance.now() - lastProgress >= quietInterval) {
        stderr.write(`${line}\n`);
        lastProgress = performance.now();
      }
    },
    progressEnd: end,
  };
}

/** 75 -> "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Fixed digits without trailing zeros. */
export function figure(value: number, digits = 4): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(digits))) : String(value);
}
