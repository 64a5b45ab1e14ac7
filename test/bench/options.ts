import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Part of a cell's or section's name; undefined: everything. */
  readonly only: string | undefined;
  /** Write the section of docs/reference/performance.md. */
  readonly write: boolean;
  /** Milliseconds that each cell is loaded in each round. */
  readonly milliseconds: number;
  /** Milliseconds that each cell is loaded before the first round: until its code is compiled for good. */
  readonly warmUp: number;
  readonly rounds: number;
  readonly starts: number;
  /** Directory for CPU profiles of the webhook processes. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench: what the gate costs, beside the same server answering at once

Usage: npm run bench -- [--quick] [--only NAME] [--profile DIR] [--write]
       npm run bench -- apiserver --help   # writes through a real API server

  --quick        one short round, for trying
  --only NAME    only cells whose name holds NAME: a scenario (NoRule, NoApproval, Approved), a layout (spread,
                 "one agent"), "memory" or "real" for where live reads go, a size (4 KiB, 100 KiB), or a section
                 (connections, resources)
  --profile DIR  write CPU profiles of the webhook processes to DIR
  --write        write the section of docs/reference/performance.md; needs a whole run

The cells named "real" need the control plane of the cluster tests: npm run control-plane builds it.
Everything else on the machine disturbs the rates; the ratios are of interleaved measurements and bear more.
`;

/** @throws {Error} with a message for people, for unknown options. */
export function parseOptions(words: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      profile: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  if (values.write && (values.quick || values.only !== undefined)) {
    throw new Error("--write needs a whole run: leave out --quick and --only");
  }
  const length = values.quick
    ? { milliseconds: 500, warmUp: 500, rounds: 1, starts: 1 }
    : { milliseconds: 1000, warmUp: 2500, rounds: 5, starts: 5 };
  return { only: values.only, write: values.write, profile: values.profile, ...length };
}
