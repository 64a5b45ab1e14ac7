import { expect, test, vi } from "vitest";
import { type Attempt, byAgents, byPeople, onConfiguration, onSystem, ordinary } from "./attempts.ts";
import { type Stage, certificateRequest, deployment, system, verdict } from "./stage.ts";

const within = { timeout: 20_000, interval: 200 };

/** What the guard policies promise in either form. `stage` is called inside tests. */
export function guardTests(stage: () => Stage): void {
  const outcomes = async (who: Parameters<Stage["call"]>[0], attempts: readonly Attempt[]): Promise<object> =>
    Object.fromEntries(
      await Promise.all(
        attempts.map(async ([name, method, path, body]) => [
          name,
          verdict(await stage().call(who, method, path, body)),
        ]),
      ),
    );
  const all = (attempts: readonly Attempt[], outcome: unknown): object =>
    Object.fromEntries(attempts.map(([name]) => [name, outcome]));

  // Several policies may refuse an agent; the API server names one.
  const policyFor = (who: string, policy: string): unknown =>
    who === "bot" ? expect.stringMatching(/^writ-guard-/) : policy;

  test.each(["admin", "bot"] as const)("%s cannot touch Writ's configuration, kinds and namespaces", async (who) => {
    const refused = policyFor(who, "writ-guard-configuration");
    expect(await outcomes(who, onConfiguration)).toEqual(all(onConfiguration, refused));
  });

  test.each(["admin", "bot"] as const)("%s cannot write to the namespace writ-system", async (who) => {
    expect(await outcomes(who, onSystem)).toEqual(all(onSystem, policyFor(who, "writ-guard-system")));
  });

  test("nobody without break-glass enters a pod of Writ", async () => {
    const { call } = stage();
    const [pod] = await writPods();
    for (const way of ["exec?command=id&stdout=true", "attach?stdout=true", "portforward?ports=80"]) {
      expect(verdict(await call("admin", "POST", `${system}/pods/${pod}/${way}`))).toBe("writ-guard-system");
      // Past all admission; there is no node.
      expect((await call("breakGlass", "POST", `${system}/pods/${pod}/${way}`)).text).toMatch(/not have a host/);
    }
  });

  test("who is in the break-glass group can do all of it", async () => {
    const attempts = [...onConfiguration, ...onSystem];
    expect(await outcomes("breakGlass", attempts)).toEqual(all(attempts, "passed"));
  });

  test("agents cannot do what no webhook is told about, nor make themselves somebody else", async () => {
    const csrs = "/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All";
    const request: Attempt = ["ask for a client certificate", "POST", csrs, await certificateRequest("x")];
    const attempts = [...byAgents, request];
    expect(await outcomes("bot", attempts)).toEqual(all(attempts, "writ-guard-agents"));
    expect(await outcomes("admin", attempts)).toEqual(all(attempts, "passed"));
  });

  test("agents, people and controllers write elsewhere as before", async () => {
    for (const who of ["bot", "admin", "kubelet"] as const) {
      expect([who, await outcomes(who, ordinary)]).toEqual([who, all(ordinary, "passed")]);
    }
    expect(await outcomes("admin", byPeople)).toEqual(all(byPeople, "passed"));
  });

  // Under Fail an expression that errors refuses everybody.
  test.each(["system:serviceaccount:", "system:serviceaccount::", "system:node:", ":", "x".repeat(60)])(
    "a user named %j writes as before",
    async (user) => {
      const { cluster } = stage();
      const credentials = await cluster.clientCertificate({ user, groups: ["system:masters"] });
      for (const [name, method, path, body] of ordinary) {
        const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
        const response = await cluster.request(path, { credentials, method, headers, body });
        expect([name, verdict(response)]).toEqual([name, "passed"]);
      }
    },
  );

  test("an agent in the break-glass group is refused everything", async () => {
    expect(await outcomes("glassAgent", ordinary)).toEqual(all(ordinary, "writ-guard-agents"));
  });

  test("a kubelet does its work on Writ's pods, and cannot write a Secret there", async () => {
    const { call } = stage();
    const [pod] = await writPods();
    const results = [
      await call("kubelet", "PATCH", `${system}/pods/${pod}/status`, { status: { message: "running" } }),
      await call("kubelet", "POST", `${system}/serviceaccounts/default/token`, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {},
      }),
      await call("kubelet", "PATCH", `${system}/secrets/key`, { stringData: { key: "mine" } }),
    ];
    expect(results.map(verdict)).toEqual(["passed", "passed", "writ-guard-system"]);
  });

  test("Writ's operator keeps its lease", async () => {
    const leases = "/apis/coordination.k8s.io/v1/namespaces/writ-system/leases";
    const response = await stage().call("operator", "POST", leases, { metadata: { name: "writ-operator" } });
    expect([response.status, verdict(response)]).toEqual([201, "passed"]);
  });

  test("Writ's webhook announces changes in the revocation register, and the operator prunes it, and nobody else writes it", async () => {
    const register = `${system}/configmaps/writ-register`;
    const write = (who: "webhook" | "operator" | "admin") =>
      stage().call(who, "PATCH", register, { data: { key: who } });
    const results = [await write("webhook"), await write("operator"), await write("admin")];
    expect(results.map(verdict)).toEqual(["passed", "passed", "writ-guard-system"]);
  });

  test("controllers serve what break-glass installs: pods, their endpoints, and the end of all of it", async () => {
    const { call } = stage();
    await call("breakGlass", "POST", deployments, deployment("second"));
    await call("breakGlass", "POST", `${system}/services`, {
      metadata: { name: "second" },
      spec: { selector: { app: "second" }, ports: [{ port: 443 }] },
    });
    await vi.waitFor(async () => expect(await writPods("second")).toHaveLength(1), within);
    const slices = "/apis/discovery.k8s.io/v1/namespaces/writ-system/endpointslices";
    const ofService = `${slices}?labelSelector=kubernetes.io/service-name%3Dsecond`;
    await vi.waitFor(async () => expect(await names(ofService)).toHaveLength(1), within);
    await call("breakGlass", "DELETE", `${deployments}/second?propagationPolicy=Background`);
    await vi.waitFor(async () => expect(await writPods("second")).toEqual([]), within);
  });

  test("a namespace that break-glass deletes is emptied and gone", async () => {
    const { call } = stage();
    const path = "/api/v1/namespaces/writ-approvals";
    expect((await call("breakGlass", "DELETE", path)).status).toBe(200);
    await vi.waitFor(async () => expect((await call("admin", "GET", path)).status).toBe(404), within);
    const created = await call("breakGlass", "POST", "/api/v1/namespaces", { metadata: { name: "writ-approvals" } });
    expect(created.status).toBe(201);
  });

  test("the API server gives a kind that break-glass installs its APIService and status", async () => {
    const { call } = stage();
    const name = "probes.x.writ.dev";
    const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const schema = { openAPIV3Schema: { type: "object" } };
    const created = await call("breakGlass", "POST", crds, {
      metadata: { name },
      spec: {
        group: "x.writ.dev",
        scope: "Cluster",
        names: { plural: "probes", kind: "Probe" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    expect(created.status).toBe(201);
    const service = "/apis/apiregistration.k8s.io/v1/apiservices/v1.x.writ.dev";
    await vi.waitFor(async () => expect((await call("admin", "GET", service)).status).toBe(200), within);
    await call("breakGlass", "DELETE", `${crds}/${name}`);
    await vi.waitFor(async () => expect((await call("admin", "GET", `${crds}/${name}`)).status).toBe(404), within);
    await vi.waitFor(async () => expect((await call("admin", "GET", service)).status).toBe(404), within);
  });

  const deployments = "/apis/apps/v1/namespaces/writ-system/deployments";
  const names = async (path: string): Promise<readonly string[]> => {
    const list = (await stage().call("admin", "GET", path)).json() as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    return list.items.map(({ metadata }) => metadata.name);
  };
  const writPods = (app = "writ"): Promise<readonly string[]> => names(`${system}/pods?labelSelector=app%3D${app}`);
}
