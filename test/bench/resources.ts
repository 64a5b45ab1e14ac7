import { measure, type Cell, type Loader } from "./cells.ts";
import type { Layout } from "./population.ts";
import type { Scenario } from "./reviews.ts";
import { startWebhook, type ApiServer, type Site } from "./site.ts";
import { median } from "./statistics.ts";

/** Memory and start of `writ webhook`; bytes and milliseconds. */
export interface Resources {
  readonly approvals: number;
  readonly nodeOptions: readonly string[];
  /** Start of the process until /readyz says yes, one for each start. */
  readonly readyAfter: readonly number[];
  /** CPU time of the process until then, of the median start. */
  readonly cpuUntilReady: number;
  readonly residentReady: number;
  /** Each is taken after garbage has been collected. */
  readonly residentAfter: readonly { readonly what: string; readonly resident: number; readonly heapUsed: number }[];
}

const loads: readonly { readonly scenario: Scenario; readonly bytes: number }[] = [
  { scenario: "NoApproval", bytes: 4096 },
  { scenario: "Approved", bytes: 4096 },
  { scenario: "Approved", bytes: 102_400 },
];

export async function measureResources(options: {
  readonly site: Site;
  readonly api: ApiServer;
  readonly load: Loader;
  readonly layout: Layout;
  readonly approvals: number;
  readonly nodeOptions: readonly string[];
  readonly starts: number;
  readonly milliseconds: number;
  readonly connections: number;
}): Promise<Resources> {
  const { site, api, load, layout, approvals, nodeOptions, starts, milliseconds, connections } = options;
  const name = (start: number): string => `resources-${approvals}-${nodeOptions.length}-${start}`;
  const readyAfter: number[] = [];
  const cpu: number[] = [];
  for (let start = 1; start < starts; start++) {
    const { child, readyAfter: after } = await startWebhook(site, name(start), api, nodeOptions);
    readyAfter.push(after);
    cpu.push((await child.usage()).cpu / 1000);
    await child.stop();
  }
  const webhook = await startWebhook(site, name(0), api, nodeOptions);
  const ready = await webhook.child.usage();
  const residentAfter: { what: string; resident: number; heapUsed: number }[] = [];
  const note = async (what: string): Promise<void> => {
    const { resident, heapUsed } = await webhook.child.settledUsage();
    residentAfter.push({ what, resident, heapUsed });
  };
  await note("at rest");
  for (const { scenario, bytes } of loads) {
    const cell: Cell = { scenario, bytes, layout, approvals, reads: "stub", connections, server: webhook };
    await measure(load, cell, milliseconds);
    await note(`after ${scenario} at ${bytes / 1024} KiB`);
  }
  await webhook.child.stop();
  return {
    approvals,
    nodeOptions,
    readyAfter: [...readyAfter, webhook.readyAfter],
    cpuUntilReady: median([...cpu, ready.cpu / 1000]),
    residentReady: ready.resident,
    residentAfter,
  };
}
