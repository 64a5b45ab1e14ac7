/** The balancer as a process of its own: `node balancer-main.ts PORT QUIET_MS BACKEND_PORT...`. Ends when it is killed. */
import { startBalancer } from "./balancer.ts";

const [port = 0, quietMs = 0, ...backends] = process.argv.slice(2).map(Number);
await startBalancer({ port, quietMs, backends });
