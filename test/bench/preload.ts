import { setTimeout as sleep } from "node:timers/promises";
import { answerAsks } from "./child-side.ts";
import type { Usage } from "./messages.ts";

// Loaded into every child before its own program, `writ webhook` included, which needs to know nothing of it.
process.once("disconnect", () => process.exit(1));

answerAsks((ask) => {
  switch (ask.ask) {
    case "usage":
      return Promise.resolve(usage());
    case "settled usage":
      return settle();
    case "load":
    case "write":
      return undefined;
  }
});

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const main = process.threadCpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpu: user + system, mainThread: main.user + main.system, resident: rss, heapUsed };
}

async function settle(): Promise<Usage> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error("the child runs without --expose-gc");
  for (let pass = 0; pass < 2; pass++) {
    collect();
    await sleep(100);
  }
  return usage();
}
