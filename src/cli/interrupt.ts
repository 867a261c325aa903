/** A wish to stop, from Ctrl-C. */
export interface Interrupt {
  /** Whether somebody has asked to stop. */
  readonly requested: () => boolean;
  /** Gives the signals back to their default. */
  readonly dispose: () => void;
}

/**
 * Listens for SIGINT and SIGTERM: the first finishes the step in hand, a second SIGINT ends at once.
 *
 * @param onFirst told once, at the first signal
 */
export function listenForInterrupt(onFirst: () => void): Interrupt {
  let asked = false;
  const handler = (): void => {
    // The ledger is write-ahead: leaving at once costs at most the step in hand.
    if (asked) process.exit(130);
    asked = true;
    onFirst();
  };
  process.on("SIGINT", handler);
  process.on("SIGTERM", handler);
  return {
    requested: () => asked,
    dispose: () => {
      process.off("SIGINT", handler);
      process.off("SIGTERM", handler);
    },
  };
}
