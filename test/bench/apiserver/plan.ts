/**
 * Which writes a cell measures. `floor`: without webhooks; `yes`: with a webhook in Writ's place that admits everything;
 * `ungoverned`: by an account that is no agent.
 */
export type CellName = "floor" | MeasuredCell;
/** Cells that are set against the floor. */
export type MeasuredCell = "yes" | GovernedCell;
export type GovernedCell = "ungoverned" | "allow" | "counted" | "deny";

export const governedCells: readonly GovernedCell[] = ["ungoverned", "allow", "counted", "deny"];

/** What is the same in all cells that are compared with one another. */
export interface Group {
  /** Live approvals of other agents. */
  readonly approvals: number;
  /** Agents that write, which share no object. */
  readonly agents: number;
  /** Writes under way at any time. */
  readonly concurrency: number;
}

export const manyAgents = 8;
const concurrencies: readonly number[] = [1, 8, 32];

/** Every group, in the order in which they are measured: approvals only become more. */
export function planGroups(counts: readonly number[]): readonly Group[] {
  return counts.flatMap((approvals) =>
    [1, manyAgents].flatMap((agents) => concurrencies.map((concurrency) => ({ approvals, agents, concurrency }))),
  );
}

export function nameOfGroup({ approvals, agents, concurrency }: Group): string {
  return `${approvals} approvals, ${agentsInWords(agents)}, concurrency ${concurrency}`;
}

export function agentsInWords(agents: number): string {
  return agents === 1 ? "one agent" : "eight agents";
}
