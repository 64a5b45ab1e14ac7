/** One answer of a webhook process that starts; times by performance.now(). */
export interface StartAnswer {
  /** Whether a live approval covers the write. */
  readonly covered: boolean;
  readonly allowed: boolean;
  readonly sentAt: number;
  readonly receivedAt: number;
}

export interface StartSummary {
  /** Denials that came before the process was ready. */
  readonly deniedBefore: number;
  /** Allows that came before: none may. */
  readonly allowedBefore: number;
  /** Allows, at any time, of what no live approval covers: none may. */
  readonly wrongAllows: number;
  readonly answersAfter: number;
  /** Denials, once it was ready, of what an approval covers. */
  readonly wrongDenials: number;
}

/**
 * What the answers say. The process became ready at an unknown instant after `lastNotReady`, when a look that found it
 * not ready began, and before `ready`, when the first look that found it ready was answered: what came between counts
 * neither as before nor as after.
 */
export function summarise(
  answers: readonly StartAnswer[],
  { lastNotReady, ready }: { readonly lastNotReady: number; readonly ready: number },
): StartSummary {
  const before = answers.filter(({ receivedAt }) => receivedAt <= lastNotReady);
  const after = answers.filter(({ sentAt }) => sentAt >= ready);
  const count = (list: readonly StartAnswer[], wanted: (answer: StartAnswer) => boolean): number =>
    list.filter(wanted).length;
  return {
    deniedBefore: count(before, ({ allowed }) => !allowed),
    allowedBefore: count(before, ({ allowed }) => allowed),
    wrongAllows: count(answers, ({ allowed, covered }) => allowed && !covered),
    answersAfter: after.length,
    wrongDenials: count(after, ({ allowed, covered }) => covered && !allowed),
  };
}
