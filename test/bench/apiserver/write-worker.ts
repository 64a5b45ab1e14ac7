import { Client } from "undici";
import { answerAsks } from "../child-side.ts";
import { quantile } from "../statistics.ts";
import { cpuSeconds } from "./process-cpu.ts";
import type { Expectation, WriteLoadResult, WriteLoadSpec, Writer } from "./write-load.ts";

// The load generator: each writer has an HTTP/1.1 connection that is kept alive, and patches its ConfigMap so that it
// really changes.
answerAsks((ask) => (ask.ask === "write" ? run(ask.write) : undefined));

/** Longer than the API server waits for any webhook. */
const timeout = 20_000;

interface Connection {
  readonly client: Client;
  readonly writer: Writer;
}

interface Tally {
  readonly latencies: number[];
  unexpected: number;
  example: string | undefined;
}

async function run(spec: WriteLoadSpec): Promise<WriteLoadResult> {
  const lanes = spec.lanes.map((writers) => writers.map((writer): Connection => connect(spec, writer)));
  const tally: Tally = { latencies: [], unexpected: 0, example: undefined };
  const stamp = Date.now().toString(36);
  let writes = 0;
  const write = async ({ client, writer }: Connection): Promise<void> => {
    const sent = performance.now();
    const { status, text } = await patch(client, writer, `${stamp}-${writes++}`);
    tally.latencies.push(performance.now() - sent);
    note(tally, spec.expect, status, text);
  };
  try {
    // Connections are made and credentials looked up outside the time that is measured.
    await Promise.all(lanes.flat().map(write));
    const before = cpu(spec.watched);
    tally.latencies.length = 0;
    const begin = performance.now();
    const end = begin + spec.milliseconds;
    await Promise.all(
      lanes.map(async (connections) => {
        for (let turn = 0; performance.now() < end; turn++) {
          const connection = connections[turn % connections.length];
          if (connection !== undefined) await write(connection);
        }
      }),
    );
    const milliseconds = performance.now() - begin;
    return { ...summary(tally), milliseconds, cpu: difference(before, cpu(spec.watched)) };
  } finally {
    await Promise.all(lanes.flat().map(({ client }) => client.destroy()));
  }
}

function connect({ server, ca }: WriteLoadSpec, writer: Writer): Connection {
  const client = new Client(server, {
    allowH2: false,
    connect: { ca },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    keepAliveTimeout: timeout,
  });
  return { client, writer };
}

async function patch(
  client: Client,
  { token, path }: Writer,
  count: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const { statusCode, body } = await client.request({
    method: "PATCH",
    path,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "content-type": "application/merge-patch+json",
    },
    body: JSON.stringify({ data: { count } }),
  });
  return { status: statusCode, text: await body.text() };
}

function note(tally: Tally, expect: Expectation, status: number, text: string): void {
  if (status === expect.status && text.includes(expect.text)) return;
  tally.unexpected += 1;
  tally.example ??= `${status} ${text.slice(0, 600)}`;
}

function summary({ latencies, unexpected, example }: Tally): Omit<WriteLoadResult, "milliseconds" | "cpu"> {
  const sorted = Float64Array.from(latencies).sort();
  return {
    answers: sorted.length,
    unexpected,
    ...(example === undefined ? {} : { example }),
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
  };
}

function cpu(watched: WriteLoadSpec["watched"]): Readonly<Record<string, number>> {
  const { user, system } = process.cpuUsage();
  const others = Object.entries(watched).map(([name, pid]) => [name, cpuSeconds(pid)] as const);
  return { load: (user + system) / 1e6, ...Object.fromEntries(others) };
}

function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? Number.NaN)]),
  );
}
