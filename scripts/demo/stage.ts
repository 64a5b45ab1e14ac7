import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { Components } from "../../test/control-plane/binary.ts";
import type { ControlPlane } from "../../test/control-plane/control-plane.ts";
import type { Outcome } from "./expectation.ts";
import type { Person } from "./scene.ts";
import { typeCommand } from "./shell.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const worldFile = fileURLToPath(new URL("world.yaml", import.meta.url));

/** What types a command line for a person. */
export type Typist = (person: Person, line: string) => Promise<Outcome>;

/**
 * Applies world.yaml, gives the agent a token of its own, and everybody a kubeconfig of their own.
 * @throws when the world cannot be applied, with what kubectl said.
 */
export async function setStage(cluster: ControlPlane, { kubectl }: Components, signal: AbortSignal): Promise<Typist> {
  const { code, stderr } = await cluster.kubectl(["apply", "--server-side", "-f", worldFile]);
  if (code !== 0) throw new Error(`scripts/demo/world.yaml cannot be applied: ${stderr}`);
  const token = await cluster.token({ namespace: "agents", serviceAccount: "payments-bot" });
  cluster.addContext({ name: "payments-bot", credentials: { token } });
  const kubeconfigOf = (person: Person): string => {
    const file = join(cluster.dir, `${person}.kubeconfig`);
    const shared = parse(readFileSync(cluster.kubeconfig, "utf8")) as Readonly<Record<string, unknown>>;
    writeFileSync(file, stringify({ ...shared, "current-context": person }), { mode: 0o600 });
    return file;
  };
  const kubeconfigs: Readonly<Record<Person, string>> = {
    alice: kubeconfigOf("alice"),
    bob: kubeconfigOf("bob"),
    carol: kubeconfigOf("carol"),
    "payments-bot": kubeconfigOf("payments-bot"),
  };
  return (person, line) =>
    typeCommand(line, { kubectl, kubeconfig: kubeconfigs[person], home: cluster.dir, cwd: root, signal });
}
