import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the range from which Linux takes ports for outgoing connections, which would steal one between look and use. */
const lowest = 20_000;
const sliceSize = 100;
const sliceCount = 120;

/** Ports that one process alone hands out, one after the other. */
interface Slice {
  readonly first: number;
  used: number;
}

/**
 * A port on 127.0.0.1 on which nobody listens now, and which nobody else is given before it can be used: neither this
 * process, nor another that asks in the same way.
 */
export const freePort: () => Promise<number> = portsOf(claimSlice);

function portsOf(claim: () => Promise<Slice>): () => Promise<number> {
  let current: Promise<Slice> | undefined;
  return async () => {
    for (;;) {
      const mine = (current ??= claim());
      const slice = await mine;
      slice.used += 1;
      if (slice.used >= sliceSize) {
        if (current === mine) current = undefined;
        continue;
      }
      const port = slice.first + slice.used;
      if ((await listen(port)) !== undefined) return port;
    }
  };
}

/** A slice belongs to whoever listens on its first port, until their process ends. */
async function claimSlice(): Promise<Slice> {
  for (let attempt = 0; attempt < 10 * sliceCount; attempt++) {
    const first = lowest + sliceSize * randomInt(sliceCount);
    if ((await listen(first, "for good")) !== undefined) return { first, used: 0 };
  }
  throw new Error(`every hundredth port of 127.0.0.1 from ${lowest} on is taken`);
}

/** Listens for a moment or for good; undefined where that is impossible. */
function listen(port: number, howLong: "a moment" | "for good" = "a moment"): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      if (howLong === "a moment") return server.close(() => resolve(port));
      server.unref();
      return resolve(port);
    });
  });
}
