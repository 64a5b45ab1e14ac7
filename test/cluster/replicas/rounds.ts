/** Trials `from` to below `to`, in one cluster. */
export interface Round {
  readonly from: number;
  readonly to: number;
}

/**
 * Each trial leaves a few intents in the revocation register, for ten minutes. One cluster takes no more trials than the
 * register has room for: beyond, plain reads stand in for it, and the register itself is not tried.
 */
const mostInOneCluster = 150;

/** At least one round, all of about the same size. */
export function roundsOf(trials: number): readonly Round[] {
  const count = Math.max(1, Math.ceil(trials / mostInOneCluster));
  return Array.from({ length: count }, (_, i) => ({
    from: Math.floor((trials * i) / count),
    to: Math.floor((trials * (i + 1)) / count),
  }));
}
