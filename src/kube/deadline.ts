/** A signal that follows another one and also fires after a time. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True once the time has passed, false when the caller aborted or nothing happened. */
  readonly expired: () => boolean;
  /** Must be called at the end: it stops the timer and lets go of the caller's signal. */
  readonly clear: () => void;
}

export function startDeadline(ms: number, parent: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let expired = false;
  const follow = (): void => controller.abort(parent?.reason);
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new Error(`no answer within ${String(ms)} ms`));
  }, ms);
  if (parent?.aborted === true) follow();
  parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear: () => {
      clearTimeout(timer);
      parent?.removeEventListener("abort", follow);
    },
  };
}
