import type { Check } from "./checks.ts";

export interface RunOptions {
  readonly print: (line: string) => void;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** Runs all checks, also after one has failed. Gives the names of those that failed. */
export async function runChecks(checks: readonly Check[], { print, clock }: RunOptions): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, what, repeat, run } of checks) {
    const began = clock();
    const problem = await run().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    const time = `${((clock() - began) / 1_000).toFixed(1)} s`.padStart(7);
    print(`${problem === undefined ? "ok    " : "FAILED"} ${name.padEnd(10)} ${time}  ${what}`);
    if (problem === undefined) continue;
    failed.push(name);
    for (const line of problem.split("\n")) print(`  | ${line}`);
    print(`  again: ${repeat}`);
  }
  return failed;
}
