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
export const freePort = handOut();

function handOut(): () => Promise<number> {
  let current: Promise<Slice> | undefined;
  return async () => {
    for (;;) {
      const mine = (current ??= claimSlice());
      const slice = await mine;
      slice.used += 1;
      if (slice.used >= sliceSize) {
        if (current === mine) current = undefined;
        continue;
      }
      const port = slice.first + slice.used;
      if (await canListen(port, "for a moment")) return port;
    }
  };
}

/** A slice belongs to whoever listens on its first port, until their process ends. */
async function claimSlice(): Promise<Slice> {
  for (let attempt = 0; attempt < 10 * sliceCount; attempt++) {
    const first = lowest + sliceSize * randomInt(sliceCount);
    if (await canListen(first, "for good")) return { first, used: 0 };
  }
  throw new Error(`every hundredth port of 127.0.0.1 from ${lowest} on is taken`);
}

/** Whether it could be listened on; for good it then is. */
function canListen(port: number, howLong: "for a moment" | "for good"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      if (howLong === "for a moment") return server.close(() => resolve(true));
      server.unref();
      return resolve(true);
    });
  });
}
