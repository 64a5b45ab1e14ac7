import type { IncomingMessage, ServerResponse } from "node:http";
import { type Server, createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import type { Credentials } from "../../control-plane/kubeconfig.ts";
import { createAuthority } from "../../control-plane/pki.ts";
import { freePort } from "../../control-plane/ports.ts";
import { installBase, installWebhooks } from "../../control-plane/writ-cluster.ts";

interface Call {
  readonly path: string;
  readonly caller: string | undefined;
  readonly username: string;
  readonly resource: string;
}

interface Review {
  readonly request: {
    readonly uid: string;
    readonly userInfo: { readonly username: string };
    readonly resource: { readonly resource: string };
  };
}

/** Stands in for `writ webhook`: notes every call, denies at the gate and admits elsewhere. */
async function startRecorder(port: number, calls: Call[]): Promise<[Server, string]> {
  const authority = await createAuthority("recorder");
  const { certificate, key } = await authority.server("recorder");
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const review = (JSON.parse(Buffer.concat(body).toString()) as Review).request;
    const path = new URL(request.url ?? "", "https://recorder").pathname;
    const caller = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
    calls.push({
      path,
      caller: typeof caller === "string" ? caller : undefined,
      username: review.userInfo.username,
      resource: review.resource.resource,
    });
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid: review.uid, allowed: path !== "/gate", status: { code: 403, message: "no approval" } },
      }),
    );
  };
  const server = createServer(
    { cert: certificate, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => void answer(request, response),
  );
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return [server, authority.certificate];
}

describe("the installation", () => {
  const calls: Call[] = [];
  const given: { cluster?: ControlPlane; recorder?: Server } = {};
  const cluster = (): ControlPlane => {
    if (given.cluster === undefined) throw new Error("no control plane");
    return given.cluster;
  };
  const createConfigMap = (credentials: Credentials, name: string) =>
    cluster().request("/api/v1/namespaces/default/configmaps", {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name } },
      credentials,
    });
  const asAdminWithGroup = (user: string, group: string) =>
    cluster().clientCertificate({ user, groups: [group, "system:masters"] });

  beforeAll(async () => {
    given.cluster = await startControlPlane({ controllerManager: true });
    const port = await freePort();
    const agentNamespaces = ["agents", "agents-b"];
    await installBase(cluster(), agentNamespaces);
    const [recorder, webhookCa] = await startRecorder(port, calls);
    given.recorder = recorder;
    await installWebhooks(cluster(), { agentNamespaces, webhookBaseUrl: `https://127.0.0.1:${port}`, webhookCa });
  });
  afterAll(async () => {
    given.recorder?.closeAllConnections();
    given.recorder?.close();
    await given.cluster?.stop();
  });
  beforeEach(() => {
    calls.length = 0;
  });

  test.each(["agents", "agents-b"])(
    "calls the gate for a service account of the namespace %s, with the API server's certificate",
    async (namespace) => {
      await cluster().kubectl(["create", "serviceaccount", "bot", "-n", namespace]);
      const admin = ["create", "clusterrolebinding", namespace, "--clusterrole=cluster-admin"];
      await cluster().kubectl([...admin, `--serviceaccount=${namespace}:bot`]);
      const token = await cluster().token({ namespace, serviceAccount: "bot" });
      const response = await createConfigMap({ token }, "by-agent");
      expect(response.status).toBe(403);
      expect(response.text).toContain('admission webhook \\"gate.writ.dev\\" denied the request: no approval');
      expect(calls).toEqual([
        {
          path: "/gate",
          caller: "kube-apiserver-webhook-client",
          username: `system:serviceaccount:${namespace}:bot`,
          resource: "configmaps",
        },
      ]);
    },
  );

  test("calls the gate for any user of the group writ.dev:agents", async () => {
    const response = await createConfigMap(await asAdminWithGroup("spiffe://example.org/bot", "writ.dev:agents"), "x");
    expect(response.status).toBe(403);
    expect(calls.map(({ path }) => path)).toEqual(["/gate"]);
  });

  test("calls nothing for people, and for service accounts of other namespaces", async () => {
    const person = await asAdminWithGroup("dave@example.com", "system:serviceaccounts:agents");
    expect((await createConfigMap(person, "by-person")).status).toBe(201);
    await cluster().kubectl(["create", "clusterrolebinding", "d", "--clusterrole=edit", "--serviceaccount=default:d"]);
    await cluster().kubectl(["create", "serviceaccount", "d"]);
    const token = await cluster().token({ namespace: "default", serviceAccount: "d" });
    expect((await createConfigMap({ token }, "by-other-account")).status).toBe(201);
    expect(calls).toEqual([]);
  });

  test("calls stamps and guard for a person who writes Writ's kinds, and neither for their status", async () => {
    const suspend = ["patch", "owner", "cluster", "--type=merge", "-p", '{"spec":{"suspended":true}}'];
    expect(await cluster().kubectl(suspend, { context: "bob" })).toMatchObject({ code: 0 });
    expect(calls.map(({ path }) => path)).toEqual(["/stamps", "/guard"]);
    calls.length = 0;
    const status = ["patch", "owner", "cluster", "--subresource=status", "--type=merge", "-p", '{"status":{}}'];
    expect(await cluster().kubectl(status)).toMatchObject({ code: 0 });
    expect(calls).toEqual([]);
  });

  test.each([
    ["alice", "patch", "elevationapprovals", "yes"],
    ["bob", "patch", "elevationapprovals", "yes"],
    ["carol", "patch", "elevationapprovals", "yes"],
    ["carol", "create", "elevationapprovals", "yes"],
    ["alice", "patch", "identityowners", "yes"],
    ["alice", "create", "identityowners", "no"],
    ["alice", "claim", "identityowners", "no"],
    ["carol", "claim", "identityowners", "no"],
    ["bob", "claim", "identityowners", "yes"],
    ["bob", "create", "agentcapabilities", "yes"],
    ["bob", "update", "elevationapprovals --subresource=status", "no"],
  ])("RBAC of %s to %s %s: %s", async (context, verb, resource, answer) => {
    const [kind = "", ...flags] = resource.split(" ");
    const args = [`${kind}.writ.dev`, ...flags];
    const { stdout } = await cluster().kubectl(["auth", "can-i", verb, ...args, "-A"], { context });
    expect(stdout.trim()).toBe(answer);
  });

  test("gives Writ's processes no right to write a spec, a Secret or a webhook configuration", async () => {
    for (const name of ["writ-webhook", "writ-operator"]) {
      const as = `--as=system:serviceaccount:writ-system:${name}`;
      for (const what of [
        "patch elevationapprovals.writ.dev",
        "create elevationapprovals.writ.dev",
        "get secrets",
        "patch validatingwebhookconfigurations",
        "impersonate users",
      ]) {
        const { stdout } = await cluster().kubectl(["auth", "can-i", ...what.split(" "), "-A", as]);
        expect([name, what, stdout.trim()]).toEqual([name, what, "no"]);
      }
    }
  });

  test("with the webhook dead, denies agents and leaves people alone; deleting an owner still works", async () => {
    given.recorder?.closeAllConnections();
    await new Promise((resolve) => {
      given.recorder?.close(resolve);
    });
    const agent = await createConfigMap(await asAdminWithGroup("bot", "writ.dev:agents"), "y");
    expect(agent.status).toBe(500);
    expect(agent.text).toContain('failed calling webhook \\"gate.writ.dev\\"');
    expect((await createConfigMap(await asAdminWithGroup("dave", "people"), "dead")).status).toBe(201);
    const edit = ["patch", "owner", "cluster", "--type=merge", "-p", '{"spec":{"suspended":false}}'];
    expect((await cluster().kubectl(edit, { context: "bob" })).stderr).toContain("stamps.writ.dev");
    expect(await cluster().kubectl(["delete", "owner", "cluster"], { context: "bob" })).toMatchObject({ code: 0 });
  });
});
