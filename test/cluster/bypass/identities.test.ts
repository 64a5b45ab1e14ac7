/** Borrowed, stolen, forged and new identities. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiResponse, Credentials } from "../../control-plane/control-plane.ts";
import { eventually, outcome } from "../writ/bench.ts";
import { bot, botUser, configMap, configMaps, mergePatch, path, rule } from "../writ/objects.ts";
import { type Arena, attackAndControl, lessenAgent, refusal, startArena } from "./arena.ts";
import { signingRequest } from "./signing-request.ts";

let arena: Arena;

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const tokenOf = (account: string, namespace = "payments-prod"): string =>
  path("serviceaccounts", namespace, `${account}/token`);

beforeAll(async () => {
  arena = await startArena({ cluster: { controllerManager: true } });
  await arena.must("admin", "POST", path("serviceaccounts", "payments-prod"), { metadata: { name: "deployer" } });
  await arena.grant("secretary", "payments-prod", {
    rules: [rule("secrets", { operations: ["CREATE", "UPDATE"], resources: ["secrets"] })],
  });
  await arena.grant("minter", "agents", {
    credential: { maxLifetime: "1h" },
    rules: [
      rule("mint", {
        operations: ["CREATE"],
        resources: ["serviceaccounts/token"],
        namespaces: ["agents"],
        resourceNames: ["payments-bot"],
      }),
    ],
  });
  await eventually(async () => expect(outcome(await createConfigMap("bot"))).toBe("admitted"));
  await eventually(async () => expect(outcome(await createSecret("bot"))).toBe("admitted"));
});

afterAll(async () => {
  await arena.cluster.stop();
});

let serial = 0;
const fresh = (): string => `i-${(serial += 1)}`;
const createConfigMap = (who: string): Promise<ApiResponse> =>
  arena.call(who, "POST", configMaps(), configMap(fresh()));
const createSecret = (who: string): Promise<ApiResponse> =>
  arena.call(who, "POST", path("secrets", "payments-prod"), { metadata: { name: fresh() } });

/** Whom the API server takes the bearer for. */
async function whoIs(credentials: Credentials): Promise<string> {
  const response = await arena.cluster.request("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    credentials,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  if (response.status !== 201) return `${response.status}`;
  return (response.json() as { readonly status: { readonly userInfo: { readonly username: string } } }).status.userInfo
    .username;
}

/** A Secret of the legacy type, and what the token controller puts into it. */
const legacySecret = (name: string, account: string): object => ({
  metadata: { name, annotations: { "kubernetes.io/service-account.name": account } },
  type: "kubernetes.io/service-account-token",
});

async function legacyToken(namespace: string, name: string): Promise<string> {
  let token = "";
  await eventually(async () => {
    const { data } = (await arena.must("admin", "GET", path("secrets", namespace, name))).json() as {
      readonly data?: { readonly token?: string };
    };
    token = Buffer.from(data?.token ?? "", "base64").toString();
    expect(token).not.toBe("");
  });
  return token;
}

describe("B27 a Secret of the legacy type mints a token without an end", () => {
  test("a rule for Secrets does not cover it; by its twin it holds another account's token", async () => {
    const name = fresh();
    const create = (who: string) =>
      arena.call(who, "POST", path("secrets", "payments-prod"), legacySecret(name, "deployer"));
    expect(await attackAndControl(create)).toEqual(["NoRule: mint serviceaccounts/token", "admitted"]);
    const token = await legacyToken("payments-prod", name);
    expect(await whoIs({ token })).toBe("system:serviceaccount:payments-prod:deployer");
  });

  test("a legacy token of the agent itself lets it write nothing", async () => {
    await arena.must("admin", "POST", path("secrets", "agents"), legacySecret("old", "payments-bot"));
    const token = await legacyToken("agents", "old");
    const write = await arena.cluster.request(configMaps(), { credentials: { token }, body: configMap(fresh()) });
    expect([await whoIs({ token }), outcome(write)]).toEqual([botUser, "CredentialUnbound"]);
    expect(outcome(await createConfigMap("bot"))).toBe("admitted");
  });
});

const tokenRequest = (expirationSeconds: number): object => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenRequest",
  spec: { expirationSeconds },
});

describe("B28 a token of another account is minted by a subresource", () => {
  test("no wildcard reaches it; its twin gets one", async () => {
    const mint = (who: string) => arena.call(who, "POST", tokenOf("deployer"), tokenRequest(3600));
    expect(await attackAndControl(mint)).toEqual(["NoRule: create serviceaccounts/token", "admitted"]);
  });

  test("a rule for the agent's own token covers no other account's", async () => {
    await arena.must("admin", "POST", path("serviceaccounts", "agents"), { metadata: { name: "planner" } });
    await eventually(async () => {
      const own = await arena.call("bot", "POST", tokenOf("payments-bot", "agents"), tokenRequest(3600));
      expect(outcome(own)).toBe("admitted");
    });
    const other = (who: string) => arena.call(who, "POST", tokenOf("planner", "agents"), tokenRequest(3600));
    expect(await attackAndControl(other)).toEqual(["NoRule: create serviceaccounts/token", "admitted"]);
  });
});

describe("B29 a token that outlives its approval by far", () => {
  test.each([3601, 3607, 4_294_967_296])("of %d s is refused where the capability allows an hour", async (seconds) => {
    const mint = (who: string) => arena.call(who, "POST", tokenOf("payments-bot", "agents"), tokenRequest(seconds));
    expect(await attackAndControl(mint)).toEqual(["CredentialUnbound", "admitted"]);
  });
});

describe("B30 a certificate with another's name", () => {
  const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

  test("the agent neither requests nor approves one; its twin becomes alice", async () => {
    const { request: csr, key } = await signingRequest("alice@example.com");
    const request = {
      metadata: { name: "mask" },
      spec: {
        request: Buffer.from(csr).toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client",
        usages: ["client auth"],
      },
    };
    expect(await attackAndControl((who) => arena.call(who, "POST", requests, request))).toEqual([
      "NoRule: create certificatesigningrequests",
      "admitted",
    ]);
    const approve = async (who: string) => {
      const current = (await arena.must("admin", "GET", `${requests}/mask`)).json() as object;
      const conditions = [{ type: "Approved", status: "True", reason: "x", message: "x" }];
      return arena.call(who, "PUT", `${requests}/mask/approval`, { ...current, status: { conditions } });
    };
    expect(await attackAndControl(approve)).toEqual(["NoRule: update certificatesigningrequests/approval", "admitted"]);
    await eventually(async () => {
      const { status } = (await arena.must("admin", "GET", `${requests}/mask`)).json() as {
        readonly status: { readonly certificate?: string };
      };
      const certificate = Buffer.from(status.certificate ?? "", "base64").toString();
      expect(await whoIs({ certificate, key })).toBe("alice@example.com");
    });
  });
});

const disguised = { "impersonate-user": "admin", "impersonate-group": "system:masters" };

describe("B31 impersonation hides who asks", () => {
  const write = (who: string, headers: Readonly<Record<string, string>>) =>
    arena.call(who, "POST", configMaps(), configMap(fresh()), { ...headers, "content-type": "application/json" });

  test("an agent without the right cannot; one that has it passes, which lint names and the second gate denies", async () => {
    expect(outcome(await write("bot", disguised))).toBe("403 Forbidden");
    await arena.addAgent("masked");
    expect(outcome(await write("masked", {}))).toBe("NoIdentityOwner");
    expect(outcome(await write("masked", disguised))).toBe("admitted");
  });

  test("nobody writes under an agent's approval by taking its name", async () => {
    expect(outcome(await createConfigMap("bot"))).toBe("admitted");
    expect(outcome(await write("admin", { "impersonate-user": botUser }))).toBe("AgentUidMismatch");
    expect(outcome(await write("admin", { "impersonate-user": botUser, "impersonate-group": "system:masters" }))).toBe(
      "AgentUidMismatch",
    );
  });
});

describe("B32 a forged credential id", () => {
  const id = "impersonate-extra-authentication.kubernetes.io%2Fcredential-id";
  const write = (who: string, headers: Readonly<Record<string, string>>) =>
    arena.call(who, "POST", configMaps(), configMap(fresh()), { ...headers, "content-type": "application/json" });

  test("the agent cannot send one, alone or with its own name", async () => {
    const forged = { [id]: "JTI=forged" };
    expect((await write("bot", forged)).status).toBeGreaterThanOrEqual(400);
    expect(outcome(await write("bot", { ...forged, "impersonate-user": botUser }))).toBe("403 Forbidden");
  });

  test("who may impersonate uid and extras can (control): admission sees no difference", async () => {
    const { metadata } = (
      await arena.must("admin", "GET", path("serviceaccounts", "agents", "payments-bot"))
    ).json() as {
      readonly metadata: { readonly uid: string };
    };
    const whole = {
      "impersonate-user": botUser,
      "impersonate-uid": metadata.uid,
      "impersonate-group": "system:masters",
    };
    expect(outcome(await write("admin", whole))).toBe("CredentialUnbound");
    expect(outcome(await write("admin", { ...whole, [id]: "JTI=forged" }))).toBe("admitted");
  });
});

describe("B33 rights that an agent gives itself or a helper", () => {
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "all-but-masks" };
  const subjects = [{ kind: "ServiceAccount", namespace: "payments-prod", name: "deployer" }];

  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
  const aggregated = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };
  test.each([
    { what: "a ClusterRoleBinding", resource: "clusterrolebindings", body: { roleRef, subjects }, labels: {} },
    { what: "a ClusterRole", resource: "clusterroles", body: { rules }, labels: {} },
    { what: "a role that joins another", resource: "clusterroles", body: { rules }, labels: aggregated },
  ])("$what", async ({ resource, body, labels }) => {
    const create = (who: string) =>
      arena.call(who, "POST", `${rbac}/${resource}`, { ...body, metadata: { name: fresh(), labels } });
    expect(await attackAndControl(create)).toEqual([`NoRule: create ${resource}`, "admitted"]);
  });

  test("a RoleBinding", async () => {
    const create = (who: string) =>
      arena.call(who, "POST", path("rolebindings", "payments-prod"), {
        metadata: { name: fresh() },
        roleRef,
        subjects,
      });
    expect(await attackAndControl(create)).toEqual(["NoRule: create rolebindings", "admitted"]);
  });
});

describe("B35 an account that falls out of the agents", () => {
  test("a fresh account of an agents' namespace is an agent, and one of nobody", async () => {
    await arena.addAgent("stray");
    await lessenAgent(arena, "stray");
    expect(outcome(await createConfigMap("stray"))).toBe("NoIdentityOwner");
  });

  test("the agent makes an account elsewhere, but gets no token of it; its twin does", async () => {
    const account = { metadata: { name: "outsider" } };
    expect(outcome(await arena.call("bot", "POST", path("serviceaccounts", "payments-prod"), account))).toBe(
      "admitted",
    );
    const mint = (who: string) => arena.call(who, "POST", tokenOf("outsider"), tokenRequest(3600));
    expect(await attackAndControl(mint)).toEqual(["NoRule: create serviceaccounts/token", "admitted"]);
  });

  test("labels of its namespace and of its account change nothing", async () => {
    const label = { metadata: { labels: { "writ.dev/ignore": "true", "admission.writ.dev/ignore": "true" } } };
    expect(refusal(await arena.call("bot", "PATCH", "/api/v1/namespaces/agents", label, mergePatch))).toBe(
      "NoRule: update namespaces",
    );
    await arena.must("admin", "PATCH", "/api/v1/namespaces/agents", label, mergePatch);
    await arena.must("admin", "PATCH", path("serviceaccounts", "agents", "stray"), label, mergePatch);
    expect(outcome(await createConfigMap("stray"))).toBe("NoIdentityOwner");
  });
});

describe("B37 a token of the same account from another pod", () => {
  const pods: { readonly name: string; readonly credentials: Credentials; readonly uid: string }[] = [];
  const write = (credentials: Credentials) =>
    arena.cluster.request(configMaps(undefined, "payments-dev"), {
      credentials,
      body: configMap(fresh(), "payments-dev"),
    });

  beforeAll(async () => {
    for (const name of ["one", "two"]) {
      const created = await arena.must("admin", "POST", path("pods", "agents"), {
        metadata: { name },
        spec: { serviceAccountName: "payments-bot", containers: [{ name, image: "example.com/agent" }] },
      });
      const { uid } = (created.json() as { readonly metadata: { readonly uid: string } }).metadata;
      const boundObjectRef = { kind: "Pod", apiVersion: "v1", name, uid };
      const token = await arena.cluster.token({ namespace: "agents", serviceAccount: "payments-bot", boundObjectRef });
      pods.push({ name, credentials: { token }, uid });
    }
  });

  test("does not count for an approval of the first; without the binding it does (control)", async () => {
    const [one, two] = pods;
    if (!one || !two) throw new Error("no pods");
    const rules = [rule("dev", { namespaces: ["payments-dev"] })];
    await arena.grant("bound", "payments-dev", {
      rules,
      credential: { bind: "Pod" },
      spec: { credential: { podUid: one.uid } },
    });
    await eventually(async () => expect(outcome(await write(one.credentials))).toBe("admitted"));
    expect(outcome(await write(two.credentials))).toBe("CredentialMismatch");
    expect(outcome(await write(arena.credentials("bot")))).toBe("CredentialMismatch");
    await arena.grant("unbound", "payments-dev", { rules });
    await eventually(async () => expect(outcome(await write(two.credentials))).toBe("admitted"));
  });
});

describe("B36 an account created anew under the same name", () => {
  test("inherits no approval; before, the approval counted (control)", async () => {
    expect(outcome(await createConfigMap("bot"))).toBe("admitted");
    await arena.must("admin", "DELETE", path("serviceaccounts", "agents", bot.serviceAccount.name));
    await arena.addAgent(bot.serviceAccount.name);
    expect(outcome(await createConfigMap("bot"))).toBe("AgentUidMismatch");
  });
});
