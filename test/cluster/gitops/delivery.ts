import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import type { KubectlOptions, KubectlResult } from "../../control-plane/kubectl.ts";
import { samplesDirectory } from "../../control-plane/manifests.ts";
import { startWrit } from "../../control-plane/writ-cluster.ts";
import { sshKeygen } from "../../unit/api/ssh/ssh-keygen.ts";

/**
 * The GitOps sample on a cluster with Writ, as a checkout with real keys in place of the sample's: owners and the
 * pipeline's rights are applied, policies and approvals are neither signed nor applied yet. The context `pipeline` is
 * writ-pipeline, `payments-bot` the agent, which may do everything by RBAC.
 */
export interface Delivery {
  readonly cluster: ControlPlane;
  /** In the checkout. */
  readonly kubectl: (who: string, ...args: readonly string[]) => Promise<KubectlResult>;
  /** What it prints; throws what kubectl said when it fails. */
  readonly must: (who: string, ...args: readonly string[]) => Promise<string>;
  readonly sign: (who: Signer, file: string, ...args: readonly string[]) => Promise<string>;
  readonly read: (file: string) => string;
  readonly write: (file: string, content: string) => void;
  readonly stop: () => Promise<void>;
}

export type Signer = "alice" | "bob";

const source = fileURLToPath(new URL("../../../src/kubectl-writ.ts", import.meta.url));

export async function startDelivery(): Promise<Delivery> {
  const root = mkdtempSync(join(tmpdir(), "writ-delivery-"));
  const ssh = sshKeygen();
  const cluster = await startControlPlane();
  const stop = async (): Promise<void> => {
    await cluster.stop();
    ssh.remove();
    rmSync(root, { recursive: true, force: true });
  };
  try {
    await startWrit(cluster);
    const checkout = join(root, "repository");
    const read = (file: string): string => readFileSync(join(checkout, file), "utf8");
    const write = (file: string, content: string): void => writeFileSync(join(checkout, file), content);
    cpSync(join(samplesDirectory, "gitops"), checkout, { recursive: true });
    const lines = { alice: ssh.makeKey("alice", ["-t", "ed25519"]), bob: ssh.makeKey("bob", ["-t", "ecdsa"]) };
    const withKeys = read("owners/owners.yaml")
      .replace("PUBLIC_KEY_OF_ALICE", lines.alice)
      .replace("PUBLIC_KEY_OF_BOB", lines.bob);
    write("owners/owners.yaml", withKeys);
    const plugins = writePlugin(join(root, "plugins"));
    const kubectl = (who: string, ...args: readonly string[]): Promise<KubectlResult> => {
      // A context that kubectl itself takes it would give to no plugin.
      const context: KubectlOptions = args[0] === "writ" ? { plugins } : { context: who };
      return cluster.kubectl(args[0] === "writ" ? [...args, "--context", who] : args, { ...context, cwd: checkout });
    };
    const must: Delivery["must"] = async (who, ...args) => {
      const { code, stdout, stderr } = await kubectl(who, ...args);
      if (code !== 0) throw new Error(`${who}: kubectl ${args.join(" ")}: ${stderr || stdout}`);
      return stdout;
    };
    await prepare(cluster, must);
    const sign: Delivery["sign"] = (who, file, ...args) =>
      must("admin", "writ", "sign", "-f", file, "--key", ssh.file(who), "--owners", "owners/owners.yaml", ...args);
    return { cluster, kubectl, must, sign, read, write, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writePlugin(directory: string): string {
  mkdirSync(directory);
  writeFileSync(join(directory, "kubectl-writ"), `#!/bin/sh\nexec "${process.execPath}" "${source}" "$@"\n`, {
    mode: 0o755,
  });
  return directory;
}

/** Namespaces, the agent and its workload, the owners by bob, who may claim, and the pipeline by the admin. */
async function prepare(cluster: ControlPlane, must: Delivery["must"]): Promise<void> {
  await must("admin", "create", "namespace", "payments-prod");
  await must("admin", "-n", "agents", "create", "serviceaccount", "payments-bot");
  await must(
    "admin",
    "create",
    "clusterrolebinding",
    "bot",
    "--clusterrole=cluster-admin",
    "--serviceaccount=agents:payments-bot",
  );
  await must("admin", "-n", "payments-prod", "create", "deployment", "web", "--image=registry.k8s.io/pause:3.10");
  await must("bob", "apply", "-k", "owners");
  await must("admin", "apply", "-k", "pipeline");
  for (const [name, namespace, serviceAccount] of [
    ["payments-bot", "agents", "payments-bot"],
    ["pipeline", "writ-delivery", "writ-pipeline"],
  ] as const) {
    const token = await cluster.token({ namespace, serviceAccount });
    cluster.addContext({ name, credentials: { token } });
  }
}
