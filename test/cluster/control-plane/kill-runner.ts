/** A runner for the test that kills it: brings up a control plane, says what there is, and waits for its death. */
import { startControlPlane } from "../../control-plane/control-plane.ts";

const cluster = await startControlPlane();
const { etcd, kubeApiserver } = cluster.components;
process.stdout.write(
  `${JSON.stringify({ dir: cluster.dir, pids: [cluster.supervisor.pid, etcd.pid, kubeApiserver.pid] })}\n`,
);
setInterval(() => {}, 60_000);
