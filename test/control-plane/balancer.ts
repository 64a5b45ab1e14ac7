import { type Socket, connect, createServer } from "node:net";

export interface BalancerOptions {
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Ports on 127.0.0.1. */
  readonly backends: readonly number[];
  /**
   * Ends a connection on which nothing came for so many milliseconds since the backend spoke last, so that its client
   * opens another one and all backends get their share. One whose client awaits an answer is never ended.
   */
  readonly quietMs: number;
}

export interface Balancer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * A TCP balancer: forwards bytes, looks at none. Each new connection goes to the next backend in turn that accepts it;
 * only when all refuse is it closed. When a backend dies, its connections are closed at once.
 */
export async function startBalancer({ port, backends, quietMs }: BalancerOptions): Promise<Balancer> {
  const turn = { next: 0 };
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    // Until a backend has accepted, an error of the client has no other listener, and would end the process.
    client.on("error", () => client.destroy());
    const first = turn.next;
    turn.next = (turn.next + 1) % backends.length;
    const inTurn = backends.map((_, i) => backends[(first + i) % backends.length] ?? 0);
    connectToFirst(inTurn, (backend) => {
      if (backend === undefined || client.destroyed) {
        backend?.destroy();
        client.destroy();
      } else {
        join(client, backend, quietMs);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.destroy();
      }),
  };
}

/** Gives the connection to the first port that accepts, or nothing when all refuse. */
function connectToFirst(ports: readonly number[], done: (backend: Socket | undefined) => void): void {
  const [port, ...others] = ports;
  if (port === undefined) {
    done(undefined);
    return;
  }
  const backend = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  const refused = (): void => connectToFirst(others, done);
  backend.once("error", refused);
  backend.once("connect", () => {
    backend.off("error", refused);
    done(backend);
  });
}

/**
 * A server may end a TLS handshake with session tickets, which come after the client's first request as if they answered
 * it. The answers before are to the handshake; from this one on each is to a request.
 */
const firstTrueAnswer = 3;

function join(client: Socket, backend: Socket, quietMs: number): void {
  const state = { awaited: true, answers: 0 };
  client.on("data", () => (state.awaited = true));
  backend.on("data", () => {
    if (state.awaited) state.answers += 1;
    state.awaited = false;
  });
  // Either side's activity starts the time anew, since both sides are written to as soon as the other has spoken.
  client.setTimeout(quietMs);
  client.on("timeout", () => {
    // What the client has sent meanwhile is read before: ending the connection then would lose a request.
    setImmediate(() => {
      if (!state.awaited && state.answers >= firstTrueAnswer) client.end();
    });
  });
  backend.on("error", () => client.destroy());
  client.on("close", () => backend.destroy());
  // A killed process leaves a reset or an end: what it had sent still reaches the client, and then its connection ends.
  backend.on("close", () => client.end());
  client.pipe(backend);
  backend.pipe(client);
}
