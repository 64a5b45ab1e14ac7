// @peculiar/x509 needs the metadata API on the global object.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import {
  type ApiResponse,
  type ControlPlane,
  type ControlPlaneOptions,
  type Credentials,
  startControlPlane,
} from "../../control-plane/control-plane.ts";
import { installBase } from "../../control-plane/writ-cluster.ts";

export const guardDirectory = fileURLToPath(new URL("../../../manifests/guard/", import.meta.url));
type Who = "admin" | "breakGlass" | "bot" | "glassAgent" | "kubelet" | "operator" | "webhook";

/** An installation of Writ without its processes, to which the guard policies are then added. */
export interface Stage {
  readonly cluster: ControlPlane;
  /** POST with a body, else GET; JSON merge patch for PATCH. */
  readonly call: (who: Who, method: string, path: string, body?: object) => Promise<ApiResponse>;
}

export const admission = "/apis/admissionregistration.k8s.io/v1";
export const rbac = "/apis/rbac.authorization.k8s.io/v1";
export const system = "/api/v1/namespaces/writ-system";

const group = "rbac.authorization.k8s.io";
export const clusterRoleBinding = (name: string, role: string, subject: object): object => ({
  metadata: { name },
  roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
  subjects: [subject],
});

/** A webhook configuration that no request matches, so that no webhook has to run. */
export const webhookConfiguration = (name: string): object => ({
  metadata: { name, labels: { test: name } },
  webhooks: [
    {
      name: "x.writ.dev",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig: { url: "https://127.0.0.1:9/gate" },
      rules: [{ apiGroups: ["nothing.example"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] }],
    },
  ],
});

/** As the namespace writ-system asks for (pod security `restricted`). */
export const podSpec = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [
    {
      name: "writ",
      image: "writ",
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    },
  ],
} as const;

/** A request for a client certificate under an approver's name. */
export async function certificateRequest(name: string): Promise<object> {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const subject = [{ O: ["payments-leads"] }, { CN: ["alice@example.com"] }];
  const request = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm });
  return {
    metadata: { name },
    spec: {
      request: Buffer.from(request.toString("pem")).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: ["client auth"],
    },
  };
}

export const deployment = (name: string): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: podSpec,
    },
  },
});

export async function setStage(options: ControlPlaneOptions): Promise<Stage> {
  const cluster = await startControlPlane({ ...options, controllerManager: true });
  await installBase(cluster, ["agents"]);
  const must = async (path: string, body: object): Promise<void> => {
    const { status, text } = await cluster.request(path, { body });
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  };
  await must("/api/v1/namespaces/agents/serviceaccounts", { metadata: { name: "bot" } });
  await must(
    `${rbac}/clusterrolebindings`,
    clusterRoleBinding("bot", "cluster-admin", { kind: "ServiceAccount", namespace: "agents", name: "bot" }),
  );
  // More than a kubelet may, so that only the policies are in its way.
  await must(
    `${rbac}/clusterrolebindings`,
    clusterRoleBinding("kubelets", "cluster-admin", { apiGroup: group, kind: "Group", name: "system:nodes" }),
  );
  await must(`${admission}/validatingwebhookconfigurations`, webhookConfiguration("writ-gate"));
  await must(`${admission}/validatingwebhookconfigurations`, webhookConfiguration("somebody-elses"));
  await must(`${system}/secrets`, { metadata: { name: "key" } });
  await must(`${system}/services`, {
    metadata: { name: "writ-webhook" },
    spec: { selector: { app: "writ" }, ports: [{ port: 443 }] },
  });
  await must("/apis/apps/v1/namespaces/writ-system/deployments", deployment("writ"));

  await must("/apis/certificates.k8s.io/v1/certificatesigningrequests", await certificateRequest("waiting"));

  const breakGlass = await cluster.clientCertificate({
    user: "erin@example.com",
    groups: ["system:masters", "writ.dev:break-glass"],
  });
  const token = async (namespace: string, serviceAccount: string): Promise<Credentials> => ({
    token: await cluster.token({ namespace, serviceAccount }),
  });
  const credentials: Readonly<Record<Exclude<Who, "admin">, Credentials>> = {
    breakGlass,
    bot: await token("agents", "bot"),
    glassAgent: await cluster.clientCertificate({
      user: "spiffe://example.org/planner",
      groups: ["system:masters", "writ.dev:agents", "writ.dev:break-glass"],
    }),
    kubelet: await cluster.clientCertificate({ user: "system:node:n1", groups: ["system:nodes"] }),
    operator: await token("writ-system", "writ-operator"),
    webhook: await token("writ-system", "writ-webhook"),
  };
  cluster.addContext({ name: "bot", credentials: credentials.bot });
  return {
    cluster,
    call: (who, method, path, body) =>
      cluster.request(path, {
        method,
        ...(who === "admin" ? {} : { credentials: credentials[who] }),
        ...(body === undefined ? {} : { body }),
        headers: method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {},
      }),
  };
}

/** The guard policy that refused, `passed`, or whatever else the API server said. */
export function verdict({ status, text }: ApiResponse): string {
  const policy = /ValidatingAdmissionPolicy '(writ-guard-[a-z]+)(\.static\.k8s\.io)?'/.exec(text)?.[1];
  return policy ?? (status < 300 ? "passed" : `${status} ${text}`);
}
