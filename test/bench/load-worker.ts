import { readFileSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";
import { answerAsks } from "./child-side.ts";
import type { LoadResult, LoadSpec, Target } from "./messages.ts";
import { reviewBodies } from "./reviews.ts";
import { quantile } from "./statistics.ts";

// The load generator: fixed keep-alive connections, one review under way on each, over bare TLS sockets, since an HTTP
// client would cost more than the server that it measures.
answerAsks((ask) => (ask.ask === "load" ? run(ask.load) : undefined));

async function run({ review, target, connections, milliseconds, expect }: LoadSpec): Promise<LoadResult> {
  const requests = reviewBodies(review).map((body) => withHead(target, body));
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(target)));
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + milliseconds;
  let next = 0;
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        const exchange = exchanger(socket);
        while (performance.now() < end) {
          const sent = performance.now();
          const answer = await exchange(requests[next++ % requests.length] ?? Buffer.alloc(0));
          latencies.push(performance.now() - sent);
          if (!answer.includes(expect)) throw new Error(`expected ${expect}, got ${answer.slice(0, 600)}`);
        }
      }),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  const elapsed = performance.now() - begin;
  const sorted = Float64Array.from(latencies).sort();
  return { answers: latencies.length, milliseconds: elapsed, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

function withHead({ path }: Target, body: Buffer): Buffer {
  const head = [
    `POST ${path}?timeout=5s HTTP/1.1`,
    "Host: 127.0.0.1",
    "User-Agent: kube-apiserver-admission",
    "Accept: application/json, */*",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

async function open({ port, caFile }: Target): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca: readFileSync(caFile) });
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Sends a request and gives the whole answer as text; one at a time. */
function exchanger(socket: TLSSocket): (request: Buffer) => Promise<string> {
  let waiting: PromiseWithResolvers<string> | undefined;
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const head = text.indexOf("\r\n\r\n");
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
    if (text.length < head + 4 + length) return;
    waiting?.resolve(text);
    text = "";
  });
  const fail = (error?: Error): void => waiting?.reject(error ?? new Error("the server closed a connection"));
  socket.on("error", fail);
  socket.on("close", () => fail());
  return (request) => {
    waiting = Promise.withResolvers();
    socket.write(request);
    return waiting.promise;
  };
}
