interface Slot<V> {
  /** The load that has begun. */
  readonly running: Promise<V>;
  /** The load that begins when the running one has ended; whoever asks meanwhile shares it. */
  next: Promise<V> | undefined;
}

/**
 * Shares loads of one key between callers without ever giving one a value that was read before it asked: a call joins
 * a load that has not begun, never one that has. So at most one load of a key is under way, and a caller waits for two
 * at most.
 */
export function coalesce<V>(load: (key: string) => Promise<V>): (key: string) => Promise<V> {
  const slots = new Map<string, Slot<V>>();

  const begin = (key: string): Promise<V> => {
    const running = load(key);
    const slot: Slot<V> = { running, next: undefined };
    slots.set(key, slot);
    const release = (): void => {
      if (slot.next === undefined) slots.delete(key);
    };
    running.then(release, release);
    return running;
  };

  return (key) => {
    const slot = slots.get(key);
    if (!slot) return begin(key);
    slot.next ??= slot.running.then(
      () => begin(key),
      () => begin(key),
    );
    return slot.next;
  };
}
