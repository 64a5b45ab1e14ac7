import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signedDefinitionStatement } from "../../../src/api/definition.ts";
import { policyDigest } from "../../../src/api/digest.ts";
import { signedDecisionStatement } from "../../../src/api/signed-decision.ts";
import { signatureNamespace, signedMessage } from "../../../src/api/signed-statement.ts";
import type { SignedStatement } from "../../../src/api/signed-statement.ts";
import type {
  AgentCapability,
  ElevationApproval,
  ElevationApprovalDecision,
  ElevationApprovalSpec,
} from "../../../src/api/types.gen.ts";
import { type LedgerRecord, readLedger } from "../../../src/ledger/read-ledger.ts";
import { sshKeygen } from "../../unit/api/ssh/ssh-keygen.ts";
import { type Bench, eventually, outcome, startBench, warnings } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  mergePatch,
  owners,
  patchSpec,
  touch,
} from "./objects.ts";

/** alice signs with an Ed25519 key for payments, bob with an ECDSA one for platform, both by the real ssh-keygen. */
const ssh = sshKeygen();
const lines = {
  alice: ssh.makeKey("alice", ["-t", "ed25519"]),
  bob: ssh.makeKey("bob", ["-t", "ecdsa", "-b", "384"]),
};
type Signer = keyof typeof lines;

let bench: Bench;
let clusterId = "";
let agentUid = "";

const paymentsMembers = (keys: readonly string[] = [lines.alice]) => [
  { user: "alice@example.com", aliases: ["oidc:alice"], ...(keys.length === 0 ? {} : { sshKeys: keys }) },
  { group: "payments-leads" },
];

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
  const uidOf = async (path: string): Promise<string> =>
    ((await bench.must("admin", "GET", path)).json() as { readonly metadata: { readonly uid: string } }).metadata.uid;
  clusterId = await uidOf("/api/v1/namespaces/kube-system");
  agentUid = await uidOf("/api/v1/namespaces/agents/serviceaccounts/payments-bot");
  await bench.must("bob", "PATCH", owners("payments"), { spec: { members: paymentsMembers() } }, mergePatch);
  const platform = [{ user: "bob@example.com", sshKeys: [lines.bob] }, { group: "platform-leads" }];
  await bench.must("bob", "PATCH", owners("platform"), { spec: { members: platform } }, mergePatch);
  await bench.must("admin", "POST", configMaps(), configMap("target"));
  await startPipeline();
});

afterAll(async () => {
  await bench.cluster.stop();
  ssh.remove();
});

/** A service account that may do no more than apply approvals in payments-prod, and capabilities. */
async function startPipeline(): Promise<void> {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await bench.must("admin", "DELETE", `${rbac}/clusterrolebindings/may-try`);
  const subjects = [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:authenticated" }];
  // Everybody but service accounts keeps what the bench gives.
  const people = ["alice@example.com", "bob@example.com", "carol@example.com"];
  await bench.must("admin", "POST", `${rbac}/clusterrolebindings`, {
    metadata: { name: "people-may-try" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "may-try" },
    subjects: people.map((name) => ({ ...subjects[0], kind: "User", name })),
  });
  await bench.must("admin", "POST", "/api/v1/namespaces/elsewhere/serviceaccounts", { metadata: { name: "deployer" } });
  await bench.must("admin", "POST", `${rbac}/clusterroles`, {
    metadata: { name: "pipeline" },
    rules: [
      {
        apiGroups: ["writ.dev"],
        resources: ["elevationapprovals", "agentcapabilities"],
        verbs: ["get", "create", "patch", "update"],
      },
    ],
  });
  await bench.must("admin", "POST", `${rbac}/clusterrolebindings`, {
    metadata: { name: "pipeline" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "pipeline" },
    subjects: [{ kind: "ServiceAccount", namespace: "elsewhere", name: "deployer" }],
  });
  const token = await bench.cluster.token({ namespace: "elsewhere", serviceAccount: "deployer" });
  bench.cluster.addContext({ name: "deployer", credentials: { token } });
}

const apply = (object: object, ...args: readonly string[]) =>
  bench.cluster.kubectl(["apply", ...args, "-f", "-"], { context: "deployer", stdin: JSON.stringify(object) });

const sign = (who: Signer, statement: SignedStatement): string =>
  ssh.sign(who, signatureNamespace(statement), signedMessage(statement).toString("utf8"));

interface Vote {
  readonly who: Signer;
  readonly ownerName: string;
  readonly verdict?: "Approve" | "Reject";
  readonly policyDigest?: string;
  /** In seconds from now. */
  readonly notAfter?: number;
}

async function digestOf(name: string): Promise<string> {
  return policyDigest((await bench.must("admin", "GET", capabilities(name))).json() as AgentCapability);
}

/** A file as people sign it: an approval with its requestID, the agent's uid and what each of them has signed. */
async function file(name: string, votes: readonly Vote[], spec: Partial<ElevationApprovalSpec> = {}): Promise<object> {
  const agent = { serviceAccount: { namespace: "agents", name: "payments-bot" }, uid: agentUid };
  const object = approval(name, { requestID: `git-${name}-0123456789`, agent, ...spec }) as ElevationApproval;
  const decisions = await Promise.all(votes.map((vote) => signedVote(object, vote)));
  return { ...object, spec: { ...object.spec, decisions } };
}

async function signedVote(object: ElevationApproval, vote: Vote): Promise<ElevationApprovalDecision> {
  const { who, ownerName, verdict = "Approve", notAfter = 3600 } = vote;
  const decision: ElevationApprovalDecision = {
    verdict,
    by: `${who}@example.com`,
    ownerName,
    at: new Date().toISOString(),
    notAfter: new Date(Date.now() + notAfter * 1000).toISOString(),
    policyDigest: vote.policyDigest ?? (await digestOf(object.spec.capabilityName)),
  };
  return { ...decision, signature: sign(who, signedDecisionStatement(object, decision, clusterId)) };
}

const both: readonly Vote[] = [
  { who: "alice", ownerName: "payments" },
  { who: "bob", ownerName: "platform" },
];

async function read(name: string): Promise<ElevationApproval> {
  return (await bench.must("admin", "GET", approvals(name))).json() as ElevationApproval;
}

const writes = async (): Promise<string> => outcome(await touch(bench, "bot", configMaps("target")));

async function recorded(): Promise<readonly LedgerRecord[]> {
  const found: LedgerRecord[] = [];
  for await (const record of readLedger(bench.writ.ledgerDir)) found.push(record);
  return found;
}

/** Ends what one test leaves, so that the next has the agent without an approval. */
async function end(name: string): Promise<void> {
  await bench.must("alice", "DELETE", approvals(name));
  expect(await writes()).not.toBe("admitted");
}

describe("an approval that people have signed in Git", () => {
  test("is applied by a pipeline, and an agent writes under it", async () => {
    const applied = await apply(await file("from-git", both));
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    const { spec } = await read("from-git");
    expect(spec.requestedBy).toBe("system:serviceaccount:elsewhere:deployer");
    expect(spec.decisions?.map(({ attestation }) => attestation)).toEqual([undefined, undefined]);
    await eventually(async () => expect(await writes()).toBe("admitted"));
    await eventually(async () => expect((await read("from-git")).status?.phase).toBe("Live"));

    const decision = (await recorded()).findLast(
      ({ entry }) => entry.kind === "decision" && entry.spec["verdict"] === "allow",
    );
    expect(decision?.entry.spec["basis"]).toMatchObject({
      approval: {
        approvals: [
          { kind: "signed", by: "alice@example.com", keyFingerprint: ssh.fingerprint(lines.alice) },
          { kind: "signed", by: "bob@example.com", keyFingerprint: ssh.fingerprint(lines.bob) },
        ],
      },
    });
    await end("from-git");
  });

  test("is the same applied twice, by client and by server, also after a person has decided in the cluster", async () => {
    for (const [name, ...args] of [["twice"], ["twice-ssa", "--server-side"]] as const) {
      const object = await file(name, both.slice(0, 1));
      expect((await apply(object, ...args)).code).toBe(0);
      const first = await read(name);
      expect((await apply(object, ...args)).code).toBe(0);
      expect((await read(name)).spec).toEqual(first.spec);

      expect(outcome(await decide(bench, "bob", approvals(name), "Approve", "platform"))).toBe("admitted");
      const decided = await read(name);
      expect(decided.spec.decisions).toHaveLength(2);
      const again = await apply(object, ...args);
      expect([again.code, again.stderr.includes("error")]).toEqual([0, false]);
      expect((await read(name)).spec).toEqual(decided.spec);
      await eventually(async () => expect(await writes()).toBe("admitted"));
      await end(name);
    }
  });

  test("gets a further signed decision by an update of the file", async () => {
    const object = (await file("grows", both.slice(0, 1))) as ElevationApproval;
    expect((await apply(object)).code).toBe(0);
    const bobs = await signedVote(object, both[1] ?? { who: "bob", ownerName: "platform" });
    const grown = { ...object, spec: { ...object.spec, decisions: [...(object.spec.decisions ?? []), bobs] } };
    expect((await apply(grown)).code).toBe(0);
    await eventually(async () => expect(await writes()).toBe("admitted"));

    const no = await signedVote(object, { who: "alice", ownerName: "payments", verdict: "Reject" });
    const ended = { ...grown, spec: { ...grown.spec, decisions: [...grown.spec.decisions, no] } };
    expect((await apply(ended)).code).toBe(0);
    expect(await writes()).toBe("ApprovalRejected");
    await end("grows");
  });

  const refused: readonly (readonly [string, string, (object: ElevationApproval) => object])[] = [
    ["SignatureInvalid", "another name", (o) => ({ ...o, metadata: { ...o.metadata, name: "other" } })],
    ["SignatureInvalid", "another requestID", (o) => edit(o, { requestID: "git-0000000000000000" })],
    ["SignatureInvalid", "another duration", (o) => edit(o, { duration: "29m" })],
    ["SignatureInvalid", "somebody else to act for", (o) => edit(o, { onBehalfOf: ["user:erin@example.com"] })],
    ["RequestIDMissing", "no requestID", (o) => edit(o, { requestID: undefined })],
    [
      "AgentUidMissing",
      "no uid of the agent",
      (o) => edit(o, { agent: { serviceAccount: { namespace: "agents", name: "payments-bot" } } }),
    ],
    [
      "DecisionsAtCreation",
      "an unsigned decision beside",
      (o) =>
        edit(o, {
          decisions: [
            ...(o.spec.decisions ?? []),
            { verdict: "Reject", by: "x", ownerName: "payments", at: "2026-01-01T00:00:00Z" },
          ],
        }),
    ],
  ];
  test.each(refused)("is refused as %s with %s", async (code, _, change) => {
    const object = (await file("changed", both)) as ElevationApproval;
    const result = await apply(change(object));
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining(code)]);
  });

  test("is refused with what was signed for another policy, or is over", async () => {
    const stale = { who: "alice", ownerName: "payments", policyDigest: `sha256:${"0".repeat(64)}` } as const;
    expect((await apply(await file("stale", [stale]))).stderr).toContain("DigestMismatch");
    const brief = await file("brief", [{ who: "alice", ownerName: "payments", notAfter: 1 }]);
    await eventually(async () => expect((await apply(brief, "--dry-run=server")).stderr).toContain("SignatureExpired"));
  });

  test("deleted and applied again stays dead", async () => {
    const object = await file("again", both);
    expect((await apply(object)).code).toBe(0);
    await bench.must("alice", "DELETE", approvals("again"));
    expect((await apply(object)).stderr).toContain("Replayed");
  });

  test("is brought by no agent", async () => {
    const object = await file("by-agent", both);
    expect(outcome(await bench.call("bot", "POST", approvals(), object))).toMatch(
      /^(DecisionsAtCreation|NeverGrantable)$/,
    );
  });
});

function edit(object: ElevationApproval, spec: object): object {
  return { ...object, spec: { ...object.spec, ...spec } };
}

describe("a key", () => {
  test("that its owner lists no longer approves nothing at once, and counts again when it is back", async () => {
    expect((await apply(await file("keyed", both))).code).toBe(0);
    await eventually(async () => expect(await writes()).toBe("admitted"));
    await bench.must("bob", "PATCH", owners("payments"), { spec: { members: paymentsMembers([]) } }, mergePatch);
    expect(await writes()).toBe("ApprovalInvalid");
    await eventually(async () => {
      const live = (await read("keyed")).status?.conditions?.find(({ type }) => type === "Live");
      expect(live?.reason).toBe("SignatureNotVerified");
    });
    await bench.must("bob", "PATCH", owners("payments"), { spec: { members: paymentsMembers() } }, mergePatch);
    await eventually(async () => expect(await writes()).toBe("admitted"));
    await end("keyed");
  });

  test("that is none is refused, and one that two names share is warned about", async () => {
    const members = (keys: readonly string[]) => ({
      members: [...paymentsMembers(), { user: "x@example.com", sshKeys: keys }],
    });
    const odd = await patchSpec(bench, "bob", `${owners("payments")}?dryRun=All`, members(["ssh-ed25519 AAAA"]));
    expect(outcome(odd)).toBe("SshKeyUnusable");
    const shared = await patchSpec(bench, "bob", `${owners("payments")}?dryRun=All`, members([lines.alice]));
    expect([outcome(shared), warnings(shared)]).toEqual([
      "admitted",
      expect.stringContaining("they count as one person"),
    ]);
  });
});

describe("an owner that wants signatures", () => {
  beforeAll(async () => {
    await bench.must("bob", "PATCH", owners("payments"), { spec: { decisions: "Signed" } }, mergePatch);
  });
  afterAll(async () => {
    await bench.must("bob", "PATCH", owners("payments"), { spec: { decisions: "Authenticated" } }, mergePatch);
  });

  test("refuses an attested approval with the command that signs, and takes the signed one", async () => {
    const object = (await file("strict", both.slice(1))) as ElevationApproval;
    expect((await apply(object)).code).toBe(0);
    const response = await decide(bench, "alice", approvals("strict"), "Approve", "payments");
    expect(outcome(response)).toBe("SignatureRequired");
    expect(response.text).toContain("kubectl writ sign -f FILE --owner payments");
    const alices = await signedVote(object, { who: "alice", ownerName: "payments" });
    const decisions = [...(object.spec.decisions ?? []), alices];
    expect((await apply({ ...object, spec: { ...object.spec, decisions } })).code).toBe(0);
    await eventually(async () => expect(await writes()).toBe("admitted"));
  });

  test("is stopped by an attested rejection all the same", async () => {
    expect(outcome(await decide(bench, "alice", approvals("strict"), "Reject", "payments"))).toBe("admitted");
    expect(await writes()).toBe("ApprovalRejected");
    await end("strict");
  });
});

describe("a capability that a member has signed in Git", () => {
  const signedFile = (name: string, spec: object = {}, at = Date.now()): object => {
    const object = capability(name, spec) as AgentCapability;
    const definedBy = {
      by: "bob@example.com",
      ownerName: "platform",
      at: new Date(at).toISOString(),
      notAfter: new Date(at + 3_600_000).toISOString(),
      policyDigest: policyDigest(object),
    };
    const statement = signedDefinitionStatement(name, definedBy, clusterId);
    if (!statement) throw new Error("no statement");
    return { ...object, spec: { ...object.spec, definedBy: { ...definedBy, signature: sign("bob", statement) } } };
  };
  const ready = async (name: string): Promise<string | undefined> => {
    const { status } = (await bench.must("admin", "GET", capabilities(name))).json() as AgentCapability;
    return status?.conditions?.find(({ type }) => type === "Ready")?.reason;
  };

  test("is in force when a pipeline applies it, twice, by client and by server", async () => {
    for (const [name, ...args] of [["piped"], ["piped-ssa", "--server-side"]] as const) {
      const object = signedFile(name);
      expect(await apply(object, ...args)).toMatchObject({ code: 0, stderr: "" });
      await eventually(async () => expect(await ready(name)).toBe("InForce"));
      const before = (await bench.must("admin", "GET", capabilities(name))).json() as AgentCapability;
      expect(await apply(object, ...args)).toMatchObject({ code: 0, stderr: "" });
      const after = (await bench.must("admin", "GET", capabilities(name))).json() as AgentCapability;
      expect([after.metadata.generation, after.spec]).toEqual([before.metadata.generation, before.spec]);
    }
  });

  test("carries approvals like any other", async () => {
    expect((await apply(await file("under-piped", both, { capabilityName: "piped" }))).code).toBe(0);
    await eventually(async () => expect(await writes()).toBe("admitted"));
    await end("under-piped");
  });

  test("takes a newer signature, also over a member's attestation, and no older one", async () => {
    const old = signedFile("piped", {}, Date.now() - 60_000);
    expect((await apply(old)).stderr).toContain("DefinitionOutdated");
    expect(outcome(await patchSpec(bench, "bob", capabilities("piped"), { description: "edited by bob" }))).toBe(
      "admitted",
    );
    const attested = (await bench.must("admin", "GET", capabilities("piped"))).json() as AgentCapability;
    expect(attested.spec.definedBy).toMatchObject({ attestation: expect.stringMatching(/^v1\./) });
    const newer = signedFile("piped", { description: "from Git" });
    expect((await apply(newer)).code).toBe(0);
    await eventually(async () => expect(await ready("piped")).toBe("InForce"));
  });

  test("stays suspended, whatever is applied, also once it was deleted", async () => {
    const object = signedFile("stopped");
    expect((await apply(object)).code).toBe(0);
    expect(outcome(await patchSpec(bench, "bob", capabilities("stopped"), { suspended: true }))).toBe("admitted");
    expect((await apply(object)).code).toBe(0);
    const { spec } = (await bench.must("admin", "GET", capabilities("stopped"))).json() as AgentCapability;
    expect(spec.suspended).toBe(true);
    await bench.must("bob", "DELETE", capabilities("stopped"));
    expect((await apply(object)).stderr).toContain("Replayed");
  });

  test("is refused where its content is another", async () => {
    const object = signedFile("altered") as AgentCapability;
    const altered = { ...object, spec: { ...object.spec, description: "more" } };
    expect((await apply(altered)).stderr).toContain("DigestMismatch");
  });
});
