import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { samplesDirectory } from "../../control-plane/manifests.ts";

/** Where the second gate is, and what the API server shows it. */
interface Site {
  readonly url: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** The API server's authorization files: the samples, with the paths and the address of a test. */
export interface SecondGateFiles {
  readonly dir: string;
  readonly authorizationConfig: string;
  /** RBAC and Node alone: how the cluster is without the second gate. */
  readonly writeWithoutGate: () => void;
  /** The sample configuration. Takes effect when the API server starts or reads the file again. */
  readonly writeWithGate: () => void;
  readonly writeKubeconfig: (site: Site) => void;
}

const sample = (name: string): string => readFileSync(join(samplesDirectory, "authorization", name), "utf8");

/** @throws when the samples no longer have what is replaced. */
const replaced = (text: string, replacements: Readonly<Record<string, string>>): string =>
  Object.entries(replacements).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`manifests/samples/authorization no longer has ${from}`);
    return result.replaceAll(from, to);
  }, text);

export function secondGateFiles(): SecondGateFiles {
  const dir = mkdtempSync(join(tmpdir(), "writ-second-gate-"));
  const authorizationConfig = join(dir, "authorization-configuration.yaml");
  const kubeconfig = join(dir, "authorizer.kubeconfig");
  const write = (file: string, text: string): void => writeFileSync(file, text, { mode: 0o600 });
  const withGate = replaced(sample("authorization-configuration.yaml"), {
    "kubeConfigFile: /etc/writ/authorizer.kubeconfig": `kubeConfigFile: ${kubeconfig}`,
  });
  return {
    dir,
    authorizationConfig,
    writeWithoutGate: () => {
      const head = withGate.slice(0, withGate.indexOf("authorizers:"));
      const others = withGate.slice(withGate.indexOf("  - type: Node"));
      write(authorizationConfig, `${head}authorizers:\n${others}`);
    },
    writeWithGate: () => write(authorizationConfig, withGate),
    writeKubeconfig: ({ url, caFile, certFile, keyFile }) =>
      write(
        kubeconfig,
        replaced(sample("authorizer.kubeconfig.yaml"), {
          "server: https://writ.example.com:7443/authorize": `server: ${url}`,
          "/etc/writ/webhook-ca.crt": caFile,
          "/etc/writ/webhook-client.crt": certFile,
          "/etc/writ/webhook-client.key": keyFile,
        }),
      ),
  };
}
