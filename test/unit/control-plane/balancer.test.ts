import { createServer as createHttpsServer, get } from "node:https";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { createAuthority } from "../../control-plane/pki.ts";
import { startBalancer } from "../../control-plane/balancer.ts";

const never = 60_000;
const cleanup: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const step of cleanup.splice(0).toReversed()) await step();
});

interface Backend {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** As the kernel does for a killed process. */
  readonly die: () => Promise<void>;
}

/** Answers each line with its name and the line; `slow` lines never. */
async function backend(name: string, port = 0): Promise<Backend> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (!data.toString().startsWith("slow")) socket.write(`${name}:${data.toString()}`);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const die = async (): Promise<void> => {
    for (const socket of sockets) socket.resetAndDestroy();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  cleanup.push(die);
  return { port: (server.address() as AddressInfo).port, sockets, die };
}

async function balance(backends: readonly Backend[], quietMs = never): Promise<number> {
  const balancer = await startBalancer({ port: 0, backends: backends.map(({ port }) => port), quietMs });
  cleanup.push(balancer.close);
  return balancer.port;
}

interface Client {
  readonly ask: (line: string) => Promise<string>;
  readonly send: (line: string) => void;
  readonly closed: Promise<unknown>;
  readonly isClosed: () => boolean;
}

function open(port: number): Client {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  cleanup.push(() => void socket.destroy());
  const closed = once(socket, "close");
  return {
    send: (line) => void socket.write(line),
    ask: async (line) => {
      socket.write(line);
      const answer = await Promise.race([once(socket, "data"), closed.then(() => ["closed"])]);
      return String(answer[0]);
    },
    closed,
    isClosed: () => socket.destroyed,
  };
}

const askNew = (port: number): Promise<string> => open(port).ask("x");

describe("the balancer", () => {
  test("gives new connections to the backends in turn, and keeps each with its own", async () => {
    const port = await balance([await backend("a"), await backend("b"), await backend("c")]);
    const first = open(port);
    expect(await first.ask("1")).toBe("a:1");
    expect([await askNew(port), await askNew(port), await askNew(port)]).toEqual(["b:x", "c:x", "a:x"]);
    expect(await first.ask("2")).toBe("a:2");
  });

  test("forwards bytes as they are, both ways, however many", async () => {
    const received: Buffer[] = [];
    const sent = Buffer.alloc(3_000_000, "0123456789\0\xff", "latin1");
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("data", (data) => received.push(data));
      socket.on("end", () => socket.end(Buffer.concat(received)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.push(() => void server.close());
    const balancer = await startBalancer({
      port: 0,
      backends: [(server.address() as AddressInfo).port],
      quietMs: never,
    });
    cleanup.push(balancer.close);
    const socket = connect({ port: balancer.port, host: "127.0.0.1", allowHalfOpen: true });
    const back: Buffer[] = [];
    socket.on("data", (data) => back.push(data));
    socket.end(sent);
    await once(socket, "end");
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    expect(Buffer.concat(back).equals(sent)).toBe(true);
  });

  test("passes over backends that refuse, and takes them again once they are back", async () => {
    const [a, b, c] = [await backend("a"), await backend("b"), await backend("c")];
    const port = await balance([a, b, c]);
    await a.die();
    await b.die();
    expect([await askNew(port), await askNew(port), await askNew(port)]).toEqual(["c:x", "c:x", "c:x"]);
    await backend("a", a.port);
    expect(await askNew(port)).toBe("a:x");
  });

  test("closes a connection when no backend accepts it, and serves again when one does", async () => {
    const a = await backend("a");
    const port = await balance([a]);
    await a.die();
    expect(await askNew(port)).toBe("closed");
    await backend("a", a.port);
    expect(await askNew(port)).toBe("a:x");
  });

  test("closes the connections of a backend that dies, also those that await an answer, and no others", async () => {
    const [a, b] = [await backend("a"), await backend("b")];
    const port = await balance([a, b]);
    const [ofA, ofB, waiting] = [open(port), open(port), open(port)];
    expect([await ofA.ask("1"), await ofB.ask("1")]).toEqual(["a:1", "b:1"]);
    waiting.send("slow");
    await expect.poll(() => a.sockets.length).toBe(2);
    await a.die();
    await Promise.all([ofA.closed, waiting.closed]);
    expect(ofB.isClosed()).toBe(false);
    expect(await ofB.ask("2")).toBe("b:2");
  });

  test("closes the backend's connection when the client is gone", async () => {
    const a = await backend("a");
    const port = await balance([a]);
    const client = connect(port, "127.0.0.1");
    client.write("x");
    await once(client, "data");
    client.destroy();
    await expect.poll(() => a.sockets[0]?.destroyed).toBe(true);
  });

  test("ends a quiet connection after its answer, and never one that awaits an answer", async () => {
    const port = await balance([await backend("a"), await backend("b")], 20);
    const [quiet, waiting] = [open(port), open(port)];
    for (const line of ["1", "2", "3"]) {
      expect(await quiet.ask(line)).toBe(`a:${line}`);
      expect(await waiting.ask(line)).toBe(`b:${line}`);
      waiting.send("slow");
    }
    await quiet.closed;
    expect(waiting.isClosed()).toBe(false);
    expect(await waiting.ask("4")).toBe("b:4");
    await waiting.closed;
  });

  test("leaves a TLS connection alone whose first request is answered late, after the tickets of the handshake", async () => {
    const { certificate, key } = await (await createAuthority("balanced")).server("balanced");
    const server = createHttpsServer({ cert: certificate, key }, (_, response) => {
      setTimeout(() => response.end("late"), 200);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.push(() => server.close() && undefined);
    const backends = [(server.address() as AddressInfo).port];
    const balancer = await startBalancer({ port: 0, backends, quietMs: 20 });
    cleanup.push(balancer.close);
    const text = await new Promise<string>((resolve, reject) => {
      const options = { agent: false as const, rejectUnauthorized: false };
      get(`https://127.0.0.1:${balancer.port}`, options, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      }).on("error", reject);
    });
    expect(text).toBe("late");
  });
});
