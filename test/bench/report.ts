import { cpus } from "node:os";
import type { CellKey, Sample } from "./cells.ts";
import { megabytes, number, percent, table } from "./markdown.ts";
import type { Resources } from "./resources.ts";
import { connections, type Results } from "./run.ts";
import { median } from "./statistics.ts";

interface Row {
  readonly key: CellKey;
  readonly samples: readonly Sample[];
}

/** The section "gate" of docs/reference/performance.md: every figure is a median over the rounds of one run. */
export function renderGate({ options, cells, resources }: Results): string {
  const rows = [...cells].map(([key, samples]): Row => ({ key, samples }));
  const tried = rows.slice(0, 3).filter(({ key }) => key.scenario === "NoRule");
  const exact = rows.slice(-4).filter(({ key }) => key.bytes === 102_400 && key.layout === "spread");
  const main = rows.filter((row) => !tried.includes(row) && !exact.includes(row));
  const at = (bytes: number, isAllow: boolean): readonly Row[] =>
    main.filter(({ key }) => key.bytes === bytes && (key.scenario === "Approved") === isAllow);
  return [
    "## The gate by itself",
    intro(options.rounds, options.milliseconds),
    "## Against the bars",
    verdicts(main, resources, exact),
    "## Denials",
    "A denial that no approval could cure needs no read from the API server. `NoRule`: no rule covers the write. " +
      "`NoApproval`: a rule does, and no approval names the object, which is found out among all of the agent's.",
    "### Reviews of 4 KiB",
    cellTable(at(4096, false)),
    "### Reviews of 100 KiB",
    cellTable(at(102_400, false)),
    "## Allows",
    allowsIntro,
    "### Reviews of 4 KiB",
    cellTable(at(4096, true)),
    "### Reviews of 100 KiB",
    cellTable(at(102_400, true)),
    "## From 10 to 10,000 approvals",
    "How many times slower: the rate as a share of the floor's with 10 approvals, divided by the same with 10,000.",
    growthTable(main),
    "## Fields and schema",
    "The same reviews of a Deployment of 100 KiB whose `replicas` change, under a rule that names the object alone and under " +
      "one with `fields` and `schema` besides; each pair is measured side by side.",
    cellTable(exact),
    exactTable(exact),
    "## Connections",
    `What 16, 32 and 64 connections give for \`NoRule\` at 4 KiB with 1,000 approvals; all else is measured with ${connections}.`,
    cellTable(tried),
    "## Memory and start",
    resourcesIntro,
    resourceTables(resources),
    "## What is not measured",
    notMeasured,
  ].join("\n\n");
}

function intro(rounds: number, milliseconds: number): string {
  return [
    "What the gate costs, beside the same HTTPS server answering at once (the floor). The floor reads and checks every " +
      "review in full and gives an answer of the same length; it neither decides nor records.",
    "```\nnpm run bench -- --write   # all of it, some 20 minutes, and this section anew\nnpm run bench -- --quick   # a first impression\nnpm run bench -- --help\n```",
    [
      `- **Run**: ${rounds} rounds, each of ${milliseconds / 1000} s a cell, after 2.5 s that warm up. Every cell stands between two ` +
        "measurements of the floor, and its ratio is to their mean; every figure is the median of the rounds.",
      "- **Processes**: the real `writ webhook` (guard and stamps included), the load generator and the API server are " +
        "processes of their own. Reviews come over TLS 1.3 on keep-alive connections, one under way on each. Recording is " +
        "on: each answer waits for `fdatasync` of its ledger entry on a local disk, by group commit.",
      "- **API server**: a stub that answers GETs and watches from memory, where the table says nothing else; `real` is a " +
        "kube-apiserver with etcd, which takes the same two cores.",
      `- **Machine**: ${cpus().length} shared virtual CPUs, Linux, Node ${process.versions.node}. Other work ran on it at the same time, so a rate ` +
        "is worth less than a ratio, which is of one interleaved run. **CPU** is the time of the JavaScript thread for one " +
        "review, which other work disturbs least: a process answers at most 1,000,000 / CPU reviews a second.",
      "- **Approvals**: live, each of one deployment, with two attested decisions. `spread`: over 100 agents and 100 " +
        "namespaces; `one agent`: the worst, all of one agent in one namespace.",
    ].join("\n"),
  ].join("\n\n");
}

const allowsIntro =
  "An allow rests on five objects (approval, capability, three owners), each read from the API server after the request " +
  "arrived. Requests share reads that have not begun yet, so GETs for one review are fewer under load. `memory`: the same " +
  "gate whose reads are answered at once by its own cache, which shows what an allow costs without them. The difference " +
  "to `stub` is the price of the live reads.";

const resourcesIntro =
  "Of the real `writ webhook` with the stub as API server, approvals spread. Memory is resident memory after garbage has " +
  "been collected; approvals carry the field ownership and status that real ones have.";

const notMeasured = [
  "- Guard and stamps, which people's writes to Writ's kinds meet.",
  "- More than one replica, and a network between API server and webhook.",
  "- Approvals that are not live: an agent's denials look at every approval that names the object, so thousands of expired " +
    "or pending ones of one object cost more.",
].join("\n");

function of(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  return median(samples.map(figure));
}

const rateRatio = (sample: Sample): number => sample.rate / sample.floor.rate;
const cpuRatio = (sample: Sample): number => sample.floor.mainThread / sample.mainThread;

function cellTable(rows: readonly Row[]): string {
  if (rows.length === 0) return "Not in this run.";
  const lines = rows.map(({ key, samples }) =>
    [
      `\`${key.scenario}\``,
      key.layout,
      number(key.approvals),
      key.reads,
      number(key.connections),
      number(of(samples, ({ rate }) => rate)),
      number(of(samples, ({ floor }) => floor.rate)),
      percent(of(samples, rateRatio)),
      number(of(samples, ({ mainThread }) => mainThread)),
      number(of(samples, ({ floor }) => floor.mainThread)),
      percent(of(samples, cpuRatio)),
      number(
        of(samples, ({ p50 }) => p50),
        1,
      ),
      number(
        of(samples, ({ p99 }) => p99),
        1,
      ),
      number(
        of(samples, ({ reads }) => reads),
        1,
      ),
    ].join(" | "),
  );
  return table(
    "answer | layout | approvals | reads | connections | reviews/s | floor | ratio | CPU µs | floor | ratio by CPU | p50 ms | p99 ms | GETs",
    lines,
  );
}

function growthTable(rows: readonly Row[]): string {
  const lines = growths(rows).map(({ key, byRate, byCpu }) =>
    [`\`${key.scenario}\``, `${key.bytes / 1024} KiB`, key.layout, key.reads, number(byRate, 2), number(byCpu, 2)].join(
      " | ",
    ),
  );
  return lines.length === 0 ? "Not in this run." : table("answer | review | layout | reads | by rate | by CPU", lines);
}

/** How many times longer the same review takes with `fields` and `schema`. */
function exactTimes(rows: readonly Row[]): readonly { readonly scenario: string; readonly times: number }[] {
  return rows
    .filter(({ key }) => key.exact)
    .flatMap(({ key, samples }) => {
      const plain = rows.find(({ key: other }) => !other.exact && other.scenario === key.scenario);
      if (plain === undefined) return [];
      const times = samples.map(
        (sample, round) => sample.mainThread / (plain.samples[round]?.mainThread ?? Number.NaN),
      );
      return [{ scenario: key.scenario, times: median(times) }];
    });
}

function exactTable(rows: readonly Row[]): string {
  const lines = exactTimes(rows).map(({ scenario, times }) => `\`${scenario}\` | ${number(times, 2)}`);
  return lines.length === 0 ? "" : table("answer | times the CPU of the same review without", lines);
}

interface Growth {
  readonly key: CellKey;
  readonly byRate: number;
  readonly byCpu: number;
}

/** Round by round, so that both ends were measured within moments of each other. */
function growths(rows: readonly Row[]): readonly Growth[] {
  return rows
    .filter(({ key }) => key.approvals === 10)
    .flatMap(({ key, samples }) => {
      const { scenario, bytes, layout, reads } = key;
      const many = rows.find(
        ({ key: other }) =>
          other.approvals === 10_000 &&
          other.scenario === scenario &&
          other.bytes === bytes &&
          other.layout === layout &&
          other.reads === reads,
      );
      if (many === undefined) return [];
      const times = (figure: (sample: Sample) => number): number =>
        median(
          samples.map((few, round) => {
            const other = many.samples[round];
            return other === undefined ? Number.NaN : figure(few) / figure(other);
          }),
        );
      return [{ key, byRate: times(rateRatio), byCpu: times(cpuRatio) }];
    });
}

function resourceTables(resources: readonly Resources[]): string {
  if (resources.length === 0) return "Not in this run.";
  const start = resources.map(({ approvals, nodeOptions, readyAfter, cpuUntilReady, residentReady }) =>
    [
      number(approvals),
      flags(nodeOptions),
      number(median(readyAfter) / 1000, 2),
      number(Math.max(...readyAfter) / 1000, 2),
      number(cpuUntilReady / 1000, 2),
      megabytes(residentReady),
    ].join(" | "),
  );
  const memory = resources.flatMap(({ approvals, nodeOptions, residentAfter }) =>
    residentAfter.map(({ what, resident, heapUsed }) =>
      [number(approvals), flags(nodeOptions), what, megabytes(resident), megabytes(heapUsed)].join(" | "),
    ),
  );
  return [
    table("approvals | Node options | ready after s | slowest s | CPU s until then | resident MiB then", start),
    table("approvals | Node options | when | resident MiB | heap used MiB", memory),
  ].join("\n\n");
}

function flags(nodeOptions: readonly string[]): string {
  return nodeOptions.length === 0 ? "none" : `\`${nodeOptions.join(" ")}\``;
}

function verdicts(rows: readonly Row[], resources: readonly Resources[], exact: readonly Row[]): string {
  const denials = rows.filter(({ key }) => key.scenario !== "Approved");
  const small = denials.filter(({ key }) => key.bytes === 4096);
  const lowest = (figure: (sample: Sample) => number): number =>
    Math.min(...small.map(({ samples }) => of(samples, figure)));
  const grown = growths(denials).filter(({ key }) => key.bytes === 4096);
  const most = (figure: (growth: Growth) => number): number => Math.max(...grown.map(figure));
  const many = resources.filter(({ approvals }) => approvals === 10_000);
  const lines = [
    `denials at 4 KiB, share of the floor's rate, the lowest cell | at least 60 % | ${percent(lowest(rateRatio))} (by CPU ${percent(lowest(cpuRatio))})`,
    `denials at 4 KiB, times slower from 10 to 10,000 approvals, the worst cell | at most 1.2 | ${number(
      most(({ byRate }) => byRate),
      2,
    )} (by CPU ${number(
      most(({ byCpu }) => byCpu),
      2,
    )})`,
    ...exactTimes(exact).map(
      ({ scenario, times }) =>
        `\`${scenario}\` of 100 KiB with fields and schema, times the CPU without | at most 1.5 | ${number(times, 2)}`,
    ),
    ...many.flatMap(({ nodeOptions, residentAfter, readyAfter }) => [
      `resident memory at rest with 10,000 approvals, Node options ${flags(nodeOptions)} | at most 250 MiB | ${megabytes(residentAfter[0]?.resident ?? Number.NaN)} MiB`,
      `start to ready with 10,000 approvals, Node options ${flags(nodeOptions)} | at most 3 s | ${number(median(readyAfter) / 1000, 2)} s`,
    ]),
  ];
  return table("figure | bar | measured", lines);
}
