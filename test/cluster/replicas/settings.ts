/** How much the tests on several replicas do, and from which seed; `npm run linearizability` asks for the whole. */
export interface Settings {
  /** `WRIT_SEED`; the time when absent, so that each run tries others. Printed when a test fails. */
  readonly seed: number;
  /** `WRIT_TRIALS`: revocations against hammering writers. */
  readonly trials: number;
  /** `WRIT_USES`: uses of one approval. */
  readonly uses: number;
}

/** For bringing up a cluster and its clients, on a machine that does other things as well. */
export const setUpWithinMs = 300_000;

const defaults = { trials: 120, uses: 1_000 } as const;

/** @throws when a variable is no whole number */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  return {
    seed: whole(environment, "WRIT_SEED") ?? Date.now() % 2 ** 31,
    trials: whole(environment, "WRIT_TRIALS") ?? defaults.trials,
    uses: whole(environment, "WRIT_USES") ?? defaults.uses,
  };
}

function whole(environment: Readonly<Record<string, string | undefined>>, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name}=${text}: expected a whole number`);
  return Number(text);
}
