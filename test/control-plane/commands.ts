import { join } from "node:path";
import type { ServerFiles } from "./server-files.ts";

/** One etcd member in `DIR/etcd`, on 127.0.0.1, without fsync: its data ends with the test. */
export function etcdCommand(
  etcd: readonly string[],
  { dir, clientPort, peerPort }: { readonly dir: string; readonly clientPort: number; readonly peerPort: number },
): readonly string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    ...etcd,
    "--name=default",
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

export function kubeApiserverCommand(
  kubeApiserver: readonly string[],
  options: {
    readonly files: ServerFiles;
    readonly etcdPort: number;
    readonly port: number;
    readonly auditLog: string;
    readonly extra: readonly string[];
  },
): readonly string[] {
  const { files } = options;
  return [
    ...kubeApiserver,
    `--etcd-servers=http://127.0.0.1:${options.etcdPort}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${options.port}`,
    // Nobody reaches this server through the service `kubernetes`, and loopback may not stand in its endpoints.
    "--endpoint-reconciler-type=none",
    `--tls-cert-file=${files.serverCert}`,
    `--tls-private-key-file=${files.serverKey}`,
    `--client-ca-file=${files.clusterCa}`,
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--service-cluster-ip-range=10.96.0.0/16",
    // The two cannot stand beside each other.
    ...(options.extra.some((flag) => flag.startsWith("--authorization-config=")) ? [] : ["--authorization-mode=RBAC"]),
    "--allow-privileged=true",
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${options.auditLog}`,
    `--admission-control-config-file=${files.admissionControl}`,
    ...options.extra,
  ];
}

/** @throws when there is no kube-controller-manager (KUBEBUILDER_ASSETS usually has none). */
export function controllerManagerCommand(
  controllerManager: readonly string[] | undefined,
  { files, kubeconfig }: { readonly files: ServerFiles; readonly kubeconfig: string },
): readonly string[] {
  if (controllerManager === undefined) {
    throw new Error("KUBEBUILDER_ASSETS has no kube-controller-manager: add it, or unset KUBEBUILDER_ASSETS");
  }
  return [
    ...controllerManager,
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.clusterCa}`,
    `--cluster-signing-cert-file=${files.clusterCa}`,
    `--cluster-signing-key-file=${files.clusterCaKey}`,
    "--use-service-account-credentials",
    "--leader-elect=false",
    "--secure-port=0",
  ];
}
