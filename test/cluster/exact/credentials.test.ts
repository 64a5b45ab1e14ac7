/** Approvals bound to one token or one pod, and credentials that count for nothing, with tokens of a real API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AgentCapabilitySpec } from "../../../src/api/types.gen.ts";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Bench, type Status, eventually, outcome, startBench } from "../writ/bench.ts";
import {
  type Request,
  applyWorld,
  approval,
  approvals,
  approveBoth,
  botUser,
  capabilities,
  capability,
  configMap,
  configMaps,
  path,
  rule,
} from "../writ/objects.ts";
import { recordedDecision } from "./recorded-decision.ts";

let bench: Bench;

interface Token {
  readonly token: string;
  /** As the API server authenticates it: `JTI=...`. */
  readonly id: string;
}

beforeAll(async () => {
  bench = await startBench({ cluster: { controllerManager: true } });
  await applyWorld(bench);
});

afterAll(async () => {
  await bench.cluster.stop();
});

let serial = 0;
const fresh = (): string => `c-${(serial += 1)}`;

/** A token of the agent, bound to a pod when one is given. */
async function mint(pod?: { readonly name: string; readonly uid: string }): Promise<Token> {
  const token = await bench.cluster.token({
    namespace: "agents",
    serviceAccount: "payments-bot",
    ...(pod === undefined ? {} : { boundObjectRef: { kind: "Pod", apiVersion: "v1", ...pod } }),
  });
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { readonly jti: string };
  return { token, id: `JTI=${claims.jti}` };
}

async function createPod(name: string): Promise<{ readonly name: string; readonly uid: string }> {
  const created = await bench.must("admin", "POST", path("pods", "agents"), {
    metadata: { name },
    spec: { serviceAccountName: "payments-bot", containers: [{ name, image: "example.com/agent" }] },
  });
  return { name, uid: (created.json() as { readonly metadata: { readonly uid: string } }).metadata.uid };
}

/** A write in a namespace of its own kind of capability, with a bearer token. */
const write = ({ token }: { readonly token: string }, namespace: string, name = fresh()): Promise<ApiResponse> =>
  bench.cluster.request(configMaps(undefined, namespace), { credentials: { token }, body: configMap(name, namespace) });

/** Defines a capability for one namespace; approvers are those of the namespace. */
async function define(name: string, namespace: string, credential: AgentCapabilitySpec["credential"]): Promise<void> {
  const spec = { rules: [rule("write", { namespaces: [namespace] })], ...(credential ? { credential } : {}) };
  await bench.must("bob", "POST", capabilities(), capability(name, spec));
}

async function request(name: string, capabilityName: string, namespace: string, spec: Request): Promise<ApiResponse> {
  let response: ApiResponse | undefined;
  await eventually(async () => {
    const body = approval(name, { capabilityName, ...spec }, namespace);
    response = await bench.call("carol", "POST", approvals(undefined, namespace), body);
    expect(outcome(response)).not.toBe("CapabilityNotFound");
  });
  if (!response) throw new Error("no answer");
  return response;
}

async function approve(name: string, capabilityName: string, namespace: string, spec: Request): Promise<void> {
  expect(outcome(await request(name, capabilityName, namespace, spec))).toBe("admitted");
  await approveBoth(bench, approvals(name, namespace));
}

describe("a capability that binds to a token", () => {
  const here = "payments-prod";
  let bound: Token;

  beforeAll(async () => {
    bound = await mint();
    await define("by-token", here, { bind: "Token", requireTokenId: true });
    await approve("by-token", "by-token", here, { credential: { tokenId: bound.id } });
    await bench.must("admin", "DELETE", capabilities("configurator"));
    await eventually(async () => expect(outcome(await write(bound, here))).toBe("admitted"));
  });

  test("admits that token and no other of the same account", async () => {
    expect(outcome(await write(await mint(), here))).toBe("CredentialMismatch");
    expect(outcome(await write(await mint(await createPod("another")), here))).toBe("CredentialMismatch");
    expect(outcome(await write(bound, here))).toBe("admitted");
  });

  test("takes no request that names none, and says so", async () => {
    expect(outcome(await request("bare", "by-token", here, {}))).toBe("CredentialNotNamed");
  });

  test("admits no client certificate that bears the agent's name", async () => {
    await bench.addPerson("certified", botUser, ["system:masters"]);
    const response = await bench.call("certified", "POST", configMaps(), configMap(fresh()));
    expect(outcome(response)).toBe("AgentUidMismatch");
  });

  test("the record names credential, pod and node", async () => {
    const pod = await createPod("recorded");
    const name = fresh();
    expect(outcome(await write(await mint(pod), here, name))).toBe("CredentialMismatch");
    const entry = await recordedDecision(bench, name);
    expect(entry["credential"]).toMatchObject({ podName: "recorded", podUid: pod.uid });
    expect((entry["credential"] as { readonly id: string }).id).toMatch(/^JTI=[0-9a-f-]{36}$/);
  });
});

describe("a capability that binds to a pod", () => {
  const here = "payments-dev";

  test("admits every token of that pod, none of another pod and none of no pod", async () => {
    const [one, two] = [await createPod("one"), await createPod("two")];
    await define("by-pod", here, { bind: "Pod" });
    await approve("by-pod", "by-pod", here, { credential: { podUid: one.uid } });
    const [first, second] = [await mint(one), await mint(one)];
    await eventually(async () => expect(outcome(await write(first, here))).toBe("admitted"));
    expect(outcome(await write(second, here))).toBe("admitted");
    expect(outcome(await write(await mint(two), here))).toBe("CredentialMismatch");
    expect(outcome(await write(await mint(), here))).toBe("CredentialMismatch");
  });

  test("a pod that was made anew under its name is another", async () => {
    await bench.must("admin", "DELETE", `${path("pods", "agents", "one")}?gracePeriodSeconds=0`);
    const again = await mint(await createPod("one"));
    expect(outcome(await write(again, here))).toBe("CredentialMismatch");
  });

  test("takes no request that names a token alone", async () => {
    const { id } = await mint();
    expect(outcome(await request("token-alone", "by-pod", here, { credential: { tokenId: id } }))).toBe(
      "CredentialNotNamed",
    );
  });
});

describe("without any policy on credentials", () => {
  const here = "payments-dev";

  beforeAll(async () => {
    await bench.must("admin", "DELETE", capabilities("by-pod"));
    await define("open", here, undefined);
    await approve("open", "open", here, {});
    await eventually(async () => expect(outcome(await write(await mint(), here))).toBe("admitted"));
  });

  test("a token of a legacy Secret is refused: it has no id and no end", async () => {
    await bench.must("admin", "POST", path("secrets", "agents"), {
      metadata: { name: "legacy", annotations: { "kubernetes.io/service-account.name": "payments-bot" } },
      type: "kubernetes.io/service-account-token",
    });
    let token = "";
    await eventually(async () => {
      const { data } = (await bench.must("admin", "GET", path("secrets", "agents", "legacy"))).json() as {
        readonly data?: { readonly token?: string };
      };
      token = Buffer.from(data?.token ?? "", "base64").toString();
      expect(token).not.toBe("");
    });
    const response = await write({ token }, here);
    expect(outcome(response)).toBe("CredentialUnbound");
    expect((response.json() as Status).message).toContain("legacy tokens");
  });

  test("so is who impersonates the agent, with its groups or without, since the mask has no uid", async () => {
    for (const groups of [{}, { "impersonate-group": "system:masters" }]) {
      const response = await bench.call("admin", "POST", configMaps(undefined, here), configMap(fresh(), here), {
        "impersonate-user": botUser,
        ...groups,
      });
      expect(outcome(response)).toBe("AgentUidMismatch");
    }
  });

  test("and a mask with the agent's uid has no credential", async () => {
    const account = (await bench.must("admin", "GET", path("serviceaccounts", "agents", "payments-bot"))).json() as {
      readonly metadata: { readonly uid: string };
    };
    const response = await bench.call("admin", "POST", configMaps(undefined, here), configMap(fresh(), here), {
      "impersonate-user": botUser,
      "impersonate-uid": account.metadata.uid,
      "impersonate-group": "system:masters",
    });
    expect(outcome(response)).toBe("CredentialUnbound");
  });
});
