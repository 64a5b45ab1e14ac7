import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findControlPlane } from "../../control-plane/binary.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";

describe("a control plane that is up", () => {
  const given: { cluster?: ControlPlane } = {};
  const cluster = (): ControlPlane => {
    if (given.cluster === undefined) throw new Error("no control plane");
    return given.cluster;
  };
  beforeAll(async () => {
    given.cluster = await startControlPlane({ controllerManager: true });
  });
  afterAll(() => given.cluster?.stop());

  test.each([
    ["admin", "admin", ["system:masters", "system:authenticated"]],
    ["alice", "alice@example.com", ["payments-leads", "system:authenticated"]],
    ["bob", "bob@example.com", ["platform-leads", "system:authenticated"]],
    ["carol", "carol@example.com", ["system:authenticated"]],
  ])("knows the person of the context %s", async (context, username, groups) => {
    const { stdout } = await cluster().kubectl(["auth", "whoami", "-o", "json"], { context });
    const { status } = JSON.parse(stdout) as { readonly status: { readonly userInfo: unknown } };
    expect(status.userInfo).toMatchObject({ username, groups });
  });

  test("mints client certificates for any user name and groups", async () => {
    const identity = { user: "spiffe://example.org/a,b+c", groups: ["writ.dev:agents", "g,O=system:masters"] };
    const response = await cluster().request("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      credentials: await cluster().clientCertificate(identity),
    });
    expect(response.json()).toMatchObject({
      status: { userInfo: { username: identity.user, groups: [...identity.groups, "system:authenticated"] } },
    });
  });

  test("gives bound service-account tokens with a credential id", async () => {
    const token = await cluster().token({ namespace: "default", serviceAccount: "default" });
    const response = await cluster().request("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      credentials: { token },
    });
    expect(response.json()).toMatchObject({
      status: {
        userInfo: {
          username: "system:serviceaccount:default:default",
          extra: { "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^JTI=/)] },
        },
      },
    });
  });

  test("returns what kubectl refuses instead of throwing", async () => {
    const result = await cluster().kubectl(["get", "secrets"], { context: "carol" });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('User "carol@example.com" cannot list resource "secrets"');
  });

  test("comes back with its data when the API server is killed and started again", async () => {
    const before = cluster().components.kubeApiserver.pid;
    await cluster().components.kubeApiserver.restart();
    expect(cluster().components.kubeApiserver.pid).not.toBe(before);
    const response = await cluster().request("/api/v1/namespaces/kube-system");
    expect(response.json()).toMatchObject({ metadata: { uid: cluster().clusterId } });
  });
});

describe("a control plane that cannot start", () => {
  test("reports the API server's last log lines when its port is taken, and leaves nothing", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => {
      other.once("listening", resolve);
    });
    const { port } = other.address() as AddressInfo;
    const failure = await startControlPlane({ apiserverPort: port }).then(() => "it started", String);
    expect(failure).toMatch(/kube-apiserver ended during its start.*address already in use/s);
    const log = /last lines of (\S+):/.exec(failure)?.[1] ?? "";
    expect(log).not.toBe("");
    expect(existsSync(log)).toBe(false);
  });

  test("reports a flag that the API server does not know", async () => {
    await expect(startControlPlane({ apiserverFlags: ["--no-such-flag"] })).rejects.toThrow(
      /kube-apiserver ended during its start \(code 1\).*unknown flag: --no-such-flag/s,
    );
  });
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "writ-binaries-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe("finding the binaries", () => {
  test("names what is missing in KUBEBUILDER_ASSETS", async () => {
    const assets = directory();
    writeFileSync(join(assets, "etcd"), "", { mode: 0o755 });
    await expect(findControlPlane({ KUBEBUILDER_ASSETS: assets })).rejects.toThrow(
      `KUBEBUILDER_ASSETS is ${assets}, which has no executable kube-apiserver`,
    );
  });

  test("names a binary that is there but does not run", async () => {
    const assets = directory();
    for (const name of ["etcd", "kube-apiserver", "kubectl"]) {
      writeFileSync(join(assets, name), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    }
    await expect(findControlPlane({ KUBEBUILDER_ASSETS: assets })).rejects.toThrow(
      /kube-apiserver is there but `kube-apiserver --version` does not work/,
    );
  });

  test("says how to get a control plane when there is none", async () => {
    await expect(findControlPlane({ XDG_CACHE_HOME: directory() })).rejects.toThrow("run `npm run control-plane`");
  });
});
