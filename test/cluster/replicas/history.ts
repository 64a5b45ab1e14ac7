/** What the clients of a trial saw, on one clock. */
export interface Interval {
  /** Taken before the request left. */
  readonly begun: number;
  /** Taken after the answer had come; infinite when none came. */
  readonly ended: number;
}

/**
 * - `grant`: gave authority to write, or may have. Refused and unanswered ones are grants too: nothing says that they had
 *   no effect.
 * - `revoke`: took it away, and was acknowledged. One that was refused or not answered took nothing away for sure: it is
 *   no operation.
 * - `write`: an agent's write, with what became of it.
 */
export type Operation = Interval & { readonly what: string } & (
    { readonly kind: "grant" } | { readonly kind: "revoke" } | { readonly kind: "write"; readonly outcome: string }
  );

export interface History {
  /**
   * Position in the order of all that this process does and learns: each reading is later than those before. Of two
   * operations, one ended before the other began if and only if its `ended` is the smaller.
   */
  readonly now: () => number;
  readonly add: (operation: Operation) => void;
  readonly operations: readonly Operation[];
}

export function startHistory(): History {
  const clock = { reading: 0 };
  const operations: Operation[] = [];
  return {
    now: () => (clock.reading += 1),
    add: (operation) => void operations.push(operation),
    operations,
  };
}
