/** Agents of a SPIFFE trust domain and of an identity provider, through the sample AuthenticationConfiguration. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { samplesDirectory } from "../../control-plane/manifests.ts";
import { type Bench, eventually, outcome, startBench } from "../writ/bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  capabilities,
  capability,
  configMap,
  configMaps,
  owner,
  owners,
  path,
  rule,
} from "../writ/objects.ts";
import { type Issuers, startIssuers } from "./issuer.ts";
import { recordedDecision } from "./recorded-decision.ts";

const planner = "spiffe://example.org/agents/planner";
const settler = "agent:settler";
const audience = "kubernetes.example.org";

let bench: Bench;
let issuers: Issuers;
let serial = 0;
const fresh = (): string => `o-${(serial += 1)}`;

beforeAll(async () => {
  issuers = await startIssuers();
  const directory = mkdtempSync(join(tmpdir(), "writ-authentication-"));
  const file = join(directory, "authentication-configuration.yaml");
  writeFileSync(file, sampleFor(issuers), { mode: 0o600 });
  bench = await startBench({
    cluster: { apiserverFlags: [`--authentication-config=${file}`], remove: [directory] },
  });
  await applyWorld(bench);
  // By their group, so that nothing but Writ stands in the way of any of them.
  await bench.must("admin", "POST", path("clusterrolebindings", undefined), {
    metadata: { name: "agents-by-group" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "writ.dev:agents" }],
  });
  for (const [name, user] of [
    ["planners", planner],
    ["settlers", settler],
  ] as const) {
    await bench.must("bob", "POST", owners(), owner(name, { identities: [{ user }] }));
  }
  // The API server fetches the issuers' keys in its own time.
  await eventually(async () => expect((await whoAmI(token())).status).toBe(201));
  await eventually(async () => expect((await whoAmI(idToken())).status).toBe(201));
});

afterAll(async () => {
  issuers.close();
  await bench.cluster.stop();
});

/** The sample with the addresses and the authority of local issuers. */
function sampleFor({ spiffe, oidc, ca }: Issuers): string {
  const sample = parse(
    readFileSync(join(samplesDirectory, "authentication", "authentication-configuration.yaml"), "utf8"),
  ) as { readonly jwt: readonly { readonly issuer: { readonly url: string } }[] };
  const local = new Map([
    ["https://spire.example.org", spiffe.url],
    ["https://idp.example.com/agents", oidc.url],
  ]);
  const jwt = sample.jwt.map((entry) => {
    const url = local.get(entry.issuer.url);
    if (url === undefined) throw new Error(`the sample has an issuer that the test does not: ${entry.issuer.url}`);
    return { ...entry, issuer: { ...entry.issuer, url, certificateAuthority: ca } };
  });
  return stringify({ ...sample, jwt });
}

type Claims = Readonly<Record<string, unknown>>;

/** Claims of a good token, with a jti of its own; `undefined` takes one away. */
function claims(more: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000);
  return { aud: audience, sub: planner, iat: now, exp: now + 600, jti: `token-${fresh()}-0000`, ...more };
}

const token = (more: Claims = {}): string => issuers.spiffe.sign(claims(more));
const idToken = (more: Claims = {}): string => issuers.oidc.sign(claims({ sub: "settler", ...more }));

const whoAmI = (bearer: string): Promise<ApiResponse> =>
  bench.cluster.request("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    credentials: { token: bearer },
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });

const userInfo = async (bearer: string): Promise<object> =>
  ((await whoAmI(bearer)).json() as { readonly status: { readonly userInfo: object } }).status.userInfo;

const write = (bearer: string, name = fresh()): Promise<ApiResponse> =>
  bench.cluster.request(configMaps(), { credentials: { token: bearer }, body: configMap(name) });

describe("a token of the trust domain", () => {
  test("names the agent, its group, its id and the actors behind it", async () => {
    const jti = "token-with-actors";
    const act = { sub: "alice@example.com", act: { sub: "orchestrator", act: { sub: "scheduler" } } };
    expect(await userInfo(token({ jti, act }))).toMatchObject({
      username: planner,
      uid: planner,
      groups: ["writ.dev:agents", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/credential-id": [`JTI=${jti}`],
        "writ.dev/act-chain": ["alice@example.com", "orchestrator", "scheduler"],
      },
    });
  });

  test("gives no group that it claims", async () => {
    expect(await userInfo(token({ groups: ["system:masters"] }))).toMatchObject({
      groups: ["writ.dev:agents", "system:authenticated"],
    });
  });

  test.each([
    ["without jti", { jti: undefined }],
    ["with a numeric jti, which would give no credential id", { jti: 1234567890 }],
    ["with a jti that breaks out of its word", { jti: 'a b\0"x-and-more' }],
    ["for two hours", { exp: Math.floor(Date.now() / 1000) + 7200 }],
    ["without iat", { iat: undefined }],
    ["for another audience", { aud: "somebody-else" }],
    ["that is over", { iat: 1_700_000_000, exp: 1_700_000_600 }],
    ["of a subject outside the agents", { sub: "spiffe://example.org/people/alice" }],
    ["of a service account's name", { sub: "system:serviceaccount:kube-system:default" }],
  ])("%s is refused", async (_, more) => {
    expect((await whoAmI(token(more))).status).toBe(401);
  });

  test("with a key that the issuer does not publish is refused", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect((await whoAmI(issuers.spiffe.sign(claims(), privateKey))).status).toBe(401);
    expect((await whoAmI(issuers.oidc.sign({ ...claims(), iss: issuers.spiffe.url }))).status).toBe(401);
  });
});

describe("a token of the identity provider", () => {
  test("names the agent behind a prefix, so that it can name nobody else", async () => {
    expect(await userInfo(idToken())).toMatchObject({ username: settler });
    expect(await userInfo(idToken({ sub: "alice@example.com" }))).toMatchObject({
      username: "agent:alice@example.com",
    });
  });

  test("without jti is refused", async () => {
    expect((await whoAmI(idToken({ jti: undefined }))).status).toBe(401);
  });
});

describe.each([
  ["a SPIFFE agent", "planning", planner, (more: Claims) => token(more)],
  ["an OIDC agent", "settling", settler, (more: Claims) => idToken(more)],
] as const)("%s", (_, name, user, bearer) => {
  test("is governed: without a capability it writes nothing, whatever RBAC gives it", async () => {
    expect(outcome(await write(bearer({})))).toBe("NoCapability");
  });

  test("writes under an approval, with the actors behind it in the record", async () => {
    await bench.must("bob", "POST", capabilities(), capability(name, { agents: [{ user }] }));
    await eventually(async () => expect(outcome(await write(bearer({})))).toBe("NoApproval"));
    await bench.must("carol", "POST", approvals(), approval(name, { capabilityName: name, agent: { user } }));
    await approveBoth(bench, approvals(name));
    await eventually(async () => expect(outcome(await write(bearer({})))).toBe("admitted"));
    const written = fresh();
    const jti = `token-${written}-recorded`;
    const act = { sub: "alice@example.com", act: { sub: "orchestrator" } };
    expect(outcome(await write(bearer({ jti, act }), written))).toBe("admitted");
    expect(await recordedDecision(bench, written)).toMatchObject({
      verdict: "allow",
      delegation: ["alice@example.com", "orchestrator"],
      credential: { id: `JTI=${jti}` },
    });
  });

  test("is bound to one token, where the approval names it", async () => {
    await bench.must("admin", "DELETE", approvals(name));
    const jti = `token-${name}-bound`;
    const bound = `${name}-bound`;
    const rules = [rule("bound")];
    const credential = { bind: "Token" as const };
    await bench.must("bob", "POST", capabilities(), capability(bound, { agents: [{ user }], rules, credential }));
    const request = approval(bound, {
      capabilityName: bound,
      agent: { user },
      credential: { tokenId: `JTI=${jti}` },
    });
    await eventually(async () =>
      expect(outcome(await bench.call("carol", "POST", approvals(), request))).toBe("admitted"),
    );
    await approveBoth(bench, approvals(bound));
    await eventually(async () => expect(outcome(await write(bearer({ jti })))).toBe("admitted"));
    expect(outcome(await write(bearer({})))).toBe("CredentialMismatch");
  });

  test("a mask of it has no credential", async () => {
    const response = await bench.call("admin", "POST", configMaps(), configMap(fresh()), {
      "impersonate-user": user,
      "impersonate-group": "writ.dev:agents",
    });
    expect(outcome(response)).toBe("CredentialUnbound");
  });
});

test("an agent of the identity provider does not write under the approval of one of the trust domain", async () => {
  expect(outcome(await write(idToken({ sub: planner })))).toBe("NoIdentityOwner");
});
