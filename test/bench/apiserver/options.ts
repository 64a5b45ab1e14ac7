import { parseArgs } from "node:util";

export interface ApiserverOptions {
  /** Part of a group's name; undefined: every group. */
  readonly only: string | undefined;
  /** Write the section of docs/reference/performance.md. */
  readonly write: boolean;
  /** File that takes all figures as JSON. */
  readonly json: string | undefined;
  /** File of an earlier run with --json to report, in place of a run. */
  readonly from: string | undefined;
  /** Live approvals of other agents, step by step; only ever more. */
  readonly counts: readonly number[];
  /** Milliseconds that each cell is loaded in each round. */
  readonly milliseconds: number;
  /** Milliseconds that each cell is loaded before the first round of each step. */
  readonly warmUp: number;
  readonly rounds: number;
  readonly starts: number;
  /** Whether nothing is left out: only then the figures may stand in the documentation. */
  readonly whole: boolean;
}

export const apiserverUsage = `npm run bench -- apiserver: what Writ costs an agent's write, through a real API server

Usage: npm run bench -- apiserver [--quick] [--approvals N,N] [--only NAME] [--json FILE] [--from FILE]
                                  [--write]

  --quick          one short round at 10 and 100 approvals, for trying
  --approvals N,N  other numbers of live approvals, in ascending order
  --only NAME      only groups whose name holds NAME; a name is such as
                   "1000 approvals, eight agents, concurrency 32"
  --json FILE      write every figure of every round to FILE
  --from FILE      measure nothing: report what an earlier run wrote with --json
  --write          write the section of docs/reference/performance.md; needs a whole run

It updates ConfigMaps without webhooks (the floor), as an account that Writ does not govern, and as agents whose writes
are allowed, allowed and counted, and denied; each by one agent and by eight, at concurrency 1, 8 and 32, with 10, 1,000
and 10,000 live approvals. A whole run takes some 25 minutes and both cores of a small machine: run nothing beside it.
The control plane of the cluster tests must have been built: npm run control-plane.
`;

/** @throws {Error} with a message for people, for unknown options. */
export function parseApiserverOptions(words: readonly string[]): ApiserverOptions | "help" {
  const { values } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      approvals: { type: "string" },
      only: { type: "string" },
      json: { type: "string" },
      from: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { only, write, json, from, quick } = values;
  const whole = !quick && only === undefined && values.approvals === undefined;
  if (write && !whole) throw new Error("--write needs a whole run: leave out --quick, --approvals and --only");
  const size = quick
    ? { counts: [10, 100], milliseconds: 400, warmUp: 400, rounds: 1, starts: 1 }
    : { counts: [10, 1000, 10_000], milliseconds: 3000, warmUp: 2000, rounds: 3, starts: 5 };
  const counts = values.approvals === undefined ? size.counts : parseCounts(values.approvals);
  return { only, write, json, from, whole, ...size, counts };
}

const mostApprovals = 100_000;

function parseCounts(text: string): readonly number[] {
  const counts = text.split(",").map(Number);
  const isAscending = counts.every((count, index) => count > (counts[index - 1] ?? 0));
  if (!isAscending || !counts.every((count) => Number.isSafeInteger(count) && count <= mostApprovals)) {
    throw new Error(
      `--approvals takes whole numbers up to ${mostApprovals} in ascending order, such as 10,1000: got "${text}"`,
    );
  }
  return counts;
}
