import { stringify } from "yaml";
import type { KeyPairPem } from "./pki.ts";

/** How a caller proves to the API server who it is. */
export type Credentials = KeyPairPem | { readonly token: string };

export interface Context {
  readonly name: string;
  readonly credentials: Credentials;
  /** Default namespace of the context. */
  readonly namespace?: string;
}

/** A kubeconfig file (YAML) with everything inlined; the first context is the current one. */
export function renderKubeconfig(server: string, caCertificate: string, contexts: readonly Context[]): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "writ", cluster: { server, "certificate-authority-data": base64(caCertificate) } }],
    users: contexts.map(({ name, credentials }) => ({
      name,
      user:
        "token" in credentials
          ? { token: credentials.token }
          : {
              "client-certificate-data": base64(credentials.certificate),
              "client-key-data": base64(credentials.key),
            },
    })),
    contexts: contexts.map(({ name, namespace }) => ({
      name,
      context: { cluster: "writ", user: name, ...(namespace === undefined ? {} : { namespace }) },
    })),
    "current-context": contexts[0]?.name ?? "",
  });
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
