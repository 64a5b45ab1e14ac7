import { join } from "node:path";
import { type Cell, type CellKey, measureInterleaved, nameOf, type Sample, type Server } from "./cells.ts";
import { type Child, startChild, productOptions } from "./child.ts";
import type { StubSpec } from "./messages.ts";
import type { BenchOptions } from "./options.ts";
import type { Layout, PopulationSpec } from "./population.ts";
import { startRealApi } from "./real-api.ts";
import { measureResources, type Resources } from "./resources.ts";
import { type ApiServer, createSite, type Site, startWebhook, writeConfiguration } from "./site.ts";

export interface Results {
  readonly options: BenchOptions;
  readonly cells: ReadonlyMap<CellKey, readonly Sample[]>;
  readonly resources: readonly Resources[];
}

const layouts: readonly Layout[] = ["spread", "one agent"];
const counts = [10, 1000, 10_000] as const;
const sizes = [4096, 102_400] as const;
/** Enough that the server is busy while a batch of the ledger is on its way to the disk. */
export const connections = 64;
/** Every cell, in the order in which they are measured: what is compared stands side by side. */
function plan(): readonly CellKey[] {
  const common = { layout: "spread", approvals: 1000, bytes: 4096, reads: "stub", connections } as const;
  return [
    ...[16, 32, 64].map((count): CellKey => ({ ...common, scenario: "NoRule", connections: count })),
    ...sizes.flatMap((bytes) => [
      ...layouts.flatMap((layout) =>
        (["NoRule", "NoApproval", "Approved"] as const).flatMap((scenario) =>
          counts.map((approvals): CellKey => ({ ...common, layout, scenario, approvals, bytes })),
        ),
      ),
      ...counts.map((approvals): CellKey => ({ ...common, scenario: "Approved", approvals, bytes, reads: "memory" })),
      { ...common, scenario: "Approved", bytes, reads: "real" } as const,
    ]),
    ...(["NoApproval", "Approved"] as const).flatMap((scenario): readonly CellKey[] => {
      const key = { ...common, scenario, bytes: 102_400, reads: scenario === "Approved" ? "memory" : "stub" } as const;
      return [key, { ...key, exact: true }];
    }),
  ];
}

/** Runs what `options` ask for in processes of its own, all of them ended when it returns. */
export async function runBench(dir: string, options: BenchOptions, report: (line: string) => void): Promise<Results> {
  const wanted = (name: string): boolean => options.only === undefined || name.includes(options.only);
  const keys = plan().filter((key) => wanted(nameOf(key)));
  const site = await createSite(dir);
  const servers = createServers(site, options);
  try {
    const loader = servers.loader();
    const cells: Cell[] = [];
    for (const key of keys) cells.push({ ...key, server: await servers.of(key) });
    const { milliseconds, warmUp, rounds } = options;
    const floor = await servers.floor();
    const samples = await measureInterleaved(cells, { load: loader.load, floor, milliseconds, warmUp, rounds, report });
    const resources: Resources[] = [];
    for (const approvals of [10, 10_000]) {
      if (!wanted("resources")) continue;
      report(`resources: ${approvals} approvals`);
      const api = await servers.api({ layout: "spread", approvals });
      const { starts } = options;
      const common = { site, api, load: loader.load, layout: "spread", connections, starts, milliseconds } as const;
      resources.push(await measureResources({ ...common, approvals, nodeOptions: productOptions }));
    }
    return { options, cells: samples, resources };
  } finally {
    await servers.stop();
  }
}

/** The processes, each started when it is first asked for. */
function createServers(site: Site, { profile }: BenchOptions) {
  const children: Child[] = [];
  const stops: (() => Promise<void>)[] = [];
  const started = new Map<string, Promise<unknown>>();
  const nodeOptions =
    profile === undefined ? productOptions : [...productOptions, "--cpu-prof", `--cpu-prof-dir=${profile}`];
  const once = <T>(name: string, start: () => Promise<T>): Promise<T> => {
    const known = started.get(name) ?? start();
    started.set(name, known);
    return known as Promise<T>;
  };
  const script = (name: string, file: string, args: readonly string[]): Child => {
    const child = startChild({
      script: file,
      args,
      nodeOptions: productOptions,
      logFile: join(site.dir, `${name}.log`),
    });
    children.push(child);
    return child;
  };
  const nameOfPopulation = ({ layout, approvals, exact }: PopulationSpec): string =>
    `${layout.replace(" ", "-")}-${approvals}${exact ? "-exact" : ""}`;
  const serverOf = async (child: Child): Promise<Server> => ({ child, target: site.target(await child.serving) });

  const api = (population: PopulationSpec): Promise<ApiServer> =>
    once(`api-${nameOfPopulation(population)}`, async () => {
      const { layout, approvals, exact } = population;
      const spec: StubSpec = {
        population: { layout, approvals, ...(exact ? { exact } : {}) },
        createdAt: Date.now() - 60_000,
        tls: site.tls,
      };
      const stub = script(`api-${nameOfPopulation(population)}`, "stub-api.ts", [JSON.stringify(spec)]);
      return { server: `https://127.0.0.1:${await stub.serving}`, ca: site.ca, credentials: { token: "bench" } };
    });
  const real = (population: PopulationSpec): Promise<ApiServer> =>
    once("api-real", async () => {
      const cluster = await startRealApi(population);
      stops.push(cluster.stop);
      return cluster;
    });
  const webhook = (name: string, apiServer: Promise<ApiServer>): Promise<Server> =>
    once(name, async () => {
      const started = await startWebhook(site, name, await apiServer, nodeOptions);
      children.push(started.child);
      return started;
    });

  return {
    api,
    loader: () => script("load", "load-worker.ts", []),
    floor: () =>
      once("floor", async () => {
        const unused = { server: "https://127.0.0.1:1", ca: site.ca, credentials: { token: "bench" } };
        const file = writeConfiguration(site, { name: "floor", api: unused, port: 0, telemetryPort: 0 });
        return serverOf(script("floor", "floor-server.ts", [file]));
      }),
    of: (key: CellKey): Promise<Server> => {
      const name = `writ-${key.reads}-${nameOfPopulation(key)}`;
      switch (key.reads) {
        case "stub":
          return webhook(name, api(key));
        case "real":
          return webhook(name, real(key));
        case "memory":
          return once(name, async () => {
            const file = writeConfiguration(site, { name, api: await api(key), port: 0, telemetryPort: 0 });
            return serverOf(script(name, "memory-reads-server.ts", [file]));
          });
      }
    },
    stop: async (): Promise<void> => {
      await Promise.all(children.map((child) => child.stop()));
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
