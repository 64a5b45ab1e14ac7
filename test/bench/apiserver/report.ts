import { megabytes, number, percent, table } from "../markdown.ts";
import { median } from "../statistics.ts";
import { barsOf, barsTable } from "./bars.ts";
import { acrossApprovals, byGroup, type CellFigures, figuresOf, floorSpread, type Ratio } from "./figures.ts";
import { otherEngines, otherFloor } from "./other-engines.ts";
import { agentsInWords, type CellName, governedCells, type Group, type MeasuredCell } from "./plan.ts";
import type { ApiserverResults, GroupRound } from "./results.ts";

/** The section "apiserver" of docs/reference/performance.md. */
export function renderApiserver(results: ApiserverResults): string {
  const groups = byGroup(results.groups);
  const counts = [...new Set(groups.map(([{ approvals }]) => approvals))];
  return [
    "## Through the API server",
    intro(results),
    "### Bars",
    "Several figures are those with ever more approvals: " +
      `${counts.map((count) => number(count)).join(", ")}. A bar is met when every one of them is.`,
    barsTable(barsOf(results)),
    ...counts.flatMap((count) => {
      const own = groups.filter(([{ approvals }]) => approvals === count);
      return [`### ${number(count)} approvals`, cellTable(own), "CPU seconds for 1,000 writes:", cpuTable(own)];
    }),
    ...(results.counting.kind === "counted" ? [] : [`\`counted\` is not available: ${results.counting.why}.`]),
    "### Memory of the webhook",
    memoryTable(results),
    "### Start of a webhook",
    startIntro,
    startTable(results),
    "### Other engines",
    othersIntro,
    othersTable(results),
  ].join("\n\n");
}

function intro({ machine, milliseconds, rounds, groups }: ApiserverResults): string {
  const spreads = byGroup(groups).map(([, own]) => floorSpread(own));
  return [
    "What an agent's update of a ConfigMap costs with Writ installed, as a ratio to the same writes with no webhook " +
      "configuration at all (the floor).",
    "```\nnpm run bench -- apiserver --write   # all of it, some 25 minutes, and this section anew\nnpm run bench -- apiserver --quick   # a first impression\nnpm run bench -- apiserver --help\n```",
    [
      "- **Writes**: merge patches that change a counter, each connection (HTTP/1.1, kept alive) with a ConfigMap of its " +
        "own, the next write when the last is answered. **Eight agents** share no object: each has its own service account, " +
        "namespace, owners, capability and approvals.",
      "- **Cells**: `yes` has a bare Node server in place of Writ that admits everything, which is what any webhook costs " +
        "here; `ungoverned` writes as an account that the gate does not match; `allow` under a live approval that names " +
        "the ConfigMaps; `counted` under one with `maxUses`; `deny` writes what a rule covers and no approval names.",
      `- **Run**: ${rounds} rounds of ${milliseconds / 1000} s a cell. In each round and group the floor comes before and after the ` +
        "cells, the webhook configurations really removed; a ratio is to the mean of the two, and every figure is the " +
        `median of the rounds. The two floors were ${percent(median(spreads))} apart in the median group and ` +
        `${percent(Math.max(...spreads))} in the worst: smaller differences than that say nothing.`,
      "- **Processes**: kube-apiserver and etcd (without fsync) of the cluster tests, `writ webhook` with its limits as " +
        "shipped and a ledger on a local disk, `writ operator`, and the load generator, all on the same " +
        `${machine.cpus} virtual CPUs, Linux, Node ${machine.node}.`,
      "- **Approvals**: live, of 100 other agents in 100 namespaces, with two attested decisions each; those of the agents " +
        "that write come on top.",
    ].join("\n"),
  ].join("\n\n");
}

type GroupRounds = readonly [Group, readonly GroupRound[]];

type Row = (place: string, figures: CellFigures, cell: CellName, rounds: readonly GroupRound[]) => string;

function rowsOf(groups: readonly GroupRounds[], row: Row): readonly string[] {
  const cells: readonly CellName[] = ["floor", "yes", ...governedCells];
  return groups.flatMap(([{ agents, concurrency }, rounds]) =>
    cells.flatMap((cell) => {
      const figures = figuresOf(rounds, cell);
      const place = [agentsInWords(agents), number(concurrency), `\`${cell}\``].join(" | ");
      return figures === undefined ? [] : [row(place, figures, cell, rounds)];
    }),
  );
}

function cellTable(groups: readonly GroupRounds[]): string {
  const latency = ({ value, toFloor }: Ratio): string => `${number(value, 1)} | ${number(toFloor, 1)}`;
  const lines = rowsOf(groups, (place, { rate, p50, p95, p99, added, unexpected }, cell, rounds) =>
    [
      place,
      number(rate.value),
      cell === "floor" ? `± ${percent(floorSpread(rounds) / 2)}` : percent(rate.toFloor),
      latency(p50),
      latency(p95),
      latency(p99),
      number(added, 1),
      unexpected === 0 ? "0" : `${number(100 * unexpected, 2)} %`,
    ].join(" | "),
  );
  const head =
    "agents | concurrency | cell | writes/s | of the floor | p50 ms | × floor | p95 ms | × floor | p99 ms | × floor | added p50 ms | other answers";
  return table(head, lines);
}

function cpuTable(groups: readonly GroupRounds[]): string {
  const lines = rowsOf(groups, (place, { cpu }, cell) =>
    [
      place,
      // Of Writ, which has nothing to do there.
      cell === "floor" || cell === "yes" ? "-" : number(cpu.webhook.value, 2),
      number(cpu.apiserver.value, 2),
      number(cpu.apiserver.toFloor, 1),
      number(cpu.etcd.value, 2),
      number(cpu.etcd.toFloor, 1),
      number(cpu.operator.value, 2),
      number(cpu.load.value, 2),
    ].join(" | "),
  );
  return table(
    "agents | concurrency | cell | webhook | API server | × floor | etcd | × floor | operator | load generator",
    lines,
  );
}

function memoryTable({ memory }: ApiserverResults): string {
  const lines = memory.map(({ approvals, atRest, heapUsed, highest }) =>
    [number(approvals), megabytes(atRest), megabytes(heapUsed), megabytes(highest)].join(" | "),
  );
  return table("approvals | resident MiB at rest | heap used MiB at rest | resident MiB, highest under load", lines);
}

const startIntro =
  "A process is asked from its first moment on, as the API server would: about a write that a live approval covers, one " +
  "that none names, and one whose approval has been rejected. Where it does not answer at all the API server refuses.";

function startTable({ starts }: ApiserverResults): string {
  const lines = starts.map(
    ({ approvals, readyAfter, deniedBefore, allowedBefore, wrongAllows, answersAfter, wrongDenials }) =>
      [
        number(approvals),
        number(readyAfter / 1000, 2),
        number(deniedBefore),
        number(allowedBefore),
        number(wrongAllows),
        number(answersAfter),
        number(wrongDenials),
      ].join(" | "),
  );
  const head =
    "approvals | ready after s | denials before | allows before | wrong allows at any time | answers once ready | of these wrong denials";
  return table(head, lines);
}

const othersIntro =
  `For comparison, **not measured in this run**: writes with the same policy on another machine of two cores at concurrency ` +
  `8, as shares of its floor of ${number(otherFloor)} writes/s, beside Writ's of this run. These engines let stale writes through ` +
  "after a revocation, and answer before their policies are loaded.";

function othersTable({ groups }: ApiserverResults): string {
  const named: readonly (readonly [MeasuredCell, string])[] = [
    ["allow", "Writ, `allow`, one agent"],
    ["counted", "Writ, `counted`, one agent"],
    ["yes", "a Node webhook that only says yes"],
  ];
  const others = otherEngines.map(({ name, rates }) => {
    const shares = rates.map((rate) => percent(rate / otherFloor));
    return [name, shares[0] ?? "", shares[1] ?? "-", shares[2] ?? "-", "given"].join(" | ");
  });
  const ours = named.map(([cell, name]) => {
    const found = acrossApprovals(groups, cell, { agents: 1, concurrency: 8 });
    const shareAt = (count: number): string =>
      percent(found.find(({ approvals }) => approvals === count)?.figures.rate.toFloor ?? Number.NaN);
    return [name, shareAt(10), shareAt(1000), shareAt(10_000), "this run"].join(" | ");
  });
  return table("engine | 10 grants | 1,000 grants | 10,000 grants | source", [...ours, ...others]);
}
