import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../writ/bench.ts";
import { type Delivery, startDelivery } from "./delivery.ts";

let delivery: Delivery;
/** The sample's approval before anybody signs it. */
let draft = "";

const policy = "policies/payments-scaler.yaml";
const request = "approvals/payments-prod/inc-1234.yaml";
const uses = ["--capability", policy] as const;

beforeAll(async () => {
  delivery = await startDelivery();
  draft = delivery.read(request);
});
afterAll(() => delivery?.stop());

let replicas = 1;

/** One write of the agent that the approval covers: its denial, or the empty text. */
async function scale(): Promise<string> {
  const to = `--replicas=${(replicas += 1)}`;
  const { code, stderr } = await delivery.kubectl("payments-bot", "-n", "payments-prod", "scale", "deploy", "web", to);
  return code === 0 ? "" : stderr;
}

/** Powers that people give reach the webhook by a watch; what they take away may not wait for one. */
const passes = (): Promise<void> => eventually(async () => expect(await scale()).toBe(""));

const wait = (condition: string, what: string): Promise<string> =>
  delivery.must("admin", "wait", "-n", "payments-prod", `--for=condition=${condition}`, what, "--timeout=20s");

const apply = (...how: readonly string[]): Promise<string> => delivery.must("pipeline", "apply", ...how, "-k", ".");

async function refusal(): Promise<string> {
  const { code, stderr } = await delivery.kubectl("pipeline", "apply", "-k", ".");
  expect(code).not.toBe(0);
  return stderr;
}

/** A further approval in the repository, in place of those that it held. */
function file(name: string): string {
  const path = `approvals/payments-prod/${name}.yaml`;
  delivery.write(path, draft.replaceAll("inc-1234", name).replaceAll("INC-1234", name.toUpperCase()));
  hold(name);
  return path;
}

function hold(...names: readonly string[]): void {
  const resources = `resources: [${names.map((name) => `${name}.yaml`).join(", ")}]`;
  const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization";
  delivery.write("approvals/payments-prod/kustomization.yaml", `${head}\n${resources}\n`);
}

async function signByBoth(path: string, ...args: readonly string[]): Promise<void> {
  await delivery.sign("alice", path, "--owner", "payments", ...uses, ...args);
  await delivery.sign("bob", path, "--owner", "platform", ...uses, ...args);
}

describe("from the pull request to the write", () => {
  test("owners, applied by people, are Ready", async () => {
    await wait("Ready", "owner/platform");
    await wait("Ready", "owner/payments");
  });

  test("nothing that is unsigned passes the check of the pull request", async () => {
    for (const path of [policy, request]) {
      const args = ["writ", "verify-decision", "-f", path, "--owners", "owners/owners.yaml", ...uses];
      const { code, stderr } = await delivery.kubectl("admin", ...args);
      expect([code, stderr]).toEqual([1, expect.stringContaining("holds no decision")]);
    }
  });

  test("bob signs the policy, alice and bob the approval; what they signed passes", async () => {
    const { clusterId } = delivery.cluster;
    await delivery.sign("bob", policy, "--cluster-id", clusterId);
    // The first signature takes the uid of the agent from the cluster; from then on no cluster is needed.
    await delivery.sign("alice", request, "--owner", "payments", ...uses);
    await delivery.sign("bob", request, "--owner", "platform", ...uses, "--cluster-id", clusterId);
    const offline = ["--owners", "owners/owners.yaml", "--cluster-id", clusterId];
    await delivery.must("admin", "writ", "verify-decision", "-f", policy, ...offline);
    const checked = await delivery.must("admin", "writ", "verify-decision", "-f", request, ...offline, ...uses);
    expect(checked.match(/^valid /gm)).toHaveLength(2);
  });

  test("the pipeline applies it, and it is in force; the agent writes", async () => {
    expect(await scale()).toContain("NoCapability");
    await apply();
    await wait("Ready", "cap/payments-scaler");
    await wait("Live", "elev/inc-1234");
    await passes();
  });

  test("whoever applied it is only its requester", async () => {
    const asked = await delivery.must("admin", "-n", "payments-prod", "get", "elev", "inc-1234", "-o", "yaml");
    expect(asked).toContain("requestedBy: system:serviceaccount:writ-delivery:writ-pipeline");
  });

  test.for([
    ["from the client", []],
    ["from the server", ["--server-side"]],
  ] as const)("applied again %s it changes nothing", async ([, how]) => {
    const stored = () => delivery.must("admin", "get", "elev,cap", "-A", "-o", "yaml");
    await apply(...how);
    const before = await stored();
    await apply(...how);
    expect(await stored()).toBe(before);
    expect(await delivery.must("pipeline", "diff", ...how, "-k", ".")).toBe("");
    expect(await scale()).toBe("");
  });

  test("a Reject in the cluster stands beside the decisions of the repository, which differs in nothing", async () => {
    await signByBoth(file("inc-1"));
    await apply();
    await wait("Live", "elev/inc-1");
    await delivery.must("alice", "writ", "reject", "inc-1", "-n", "payments-prod", "--owner", "payments");
    for (const how of [[], ["--server-side"]]) {
      await apply(...how);
      expect(await delivery.must("pipeline", "diff", ...how, "-k", ".")).toBe("");
    }
    const phase = ["get", "elev", "inc-1", "-n", "payments-prod", "-o", "jsonpath={.status.phase}"];
    await eventually(async () => expect(await delivery.must("admin", ...phase)).toBe("Revoked"));
    await delivery.must("pipeline", "delete", "-f", "approvals/payments-prod/inc-1.yaml");
    hold("inc-1234");
  });
});

test("Flux and Argo CD apply it as the pipeline by impersonation", async () => {
  await signByBoth(file("inc-5"));
  const as = "--as=system:serviceaccount:writ-delivery:writ-pipeline";
  await delivery.must("admin", "apply", "--server-side", as, "-k", ".");
  await wait("Live", "elev/inc-5");
  const { code, stderr } = await delivery.kubectl("admin", "apply", "--server-side", as, "-k", "owners");
  expect([code, stderr]).toEqual([1, expect.stringContaining("cannot patch resource")]);
  await delivery.must("pipeline", "delete", "-f", "approvals/payments-prod/inc-5.yaml");
  hold("inc-1234");
});

describe("a policy that is changed without its member's signature", () => {
  test("is out of force, and in force again when the change is taken back", async () => {
    const signed = delivery.read(policy);
    delivery.write(policy, signed.replace("namespaces: [payments-prod]", "namespaces: [payments-prod, payments-dev]"));
    await apply();
    expect(await scale()).toContain("CapabilityChanged");
    await wait("Stalled", "cap/payments-scaler");
    await wait("Stalled", "elev/inc-1234");
    delivery.write(policy, signed);
    await apply();
    await wait("Ready", "cap/payments-scaler");
    await wait("Live", "elev/inc-1234");
    await passes();
  });
});

describe("an approval that leaves the repository", () => {
  test("is pruned by the pipeline, which stops the agent at once; from Git it comes back as nothing", async () => {
    await passes();
    hold();
    await delivery.must("pipeline", "delete", "-f", request);
    expect(await scale()).toContain("NoApproval");
    hold("inc-1234");
    expect(await refusal()).toContain("Replayed");
    expect(await scale()).toContain("NoApproval");
  });
});

describe("an approval of another hand", () => {
  test("signed for another cluster is refused", async () => {
    const path = file("inc-2");
    const uid = await delivery.must(
      "admin",
      "-n",
      "agents",
      "get",
      "sa",
      "payments-bot",
      "-o",
      "jsonpath={.metadata.uid}",
    );
    delivery.write(path, delivery.read(path).replace(/^(\s*)agent:$/m, `$1agent:\n$1  uid: ${uid}`));
    await signByBoth(path, "--cluster-id", "00000000-0000-4000-8000-000000000000");
    expect(await refusal()).toContain("SignatureInvalid");
  });

  test("changed after it was signed is refused", async () => {
    const path = file("inc-3");
    await signByBoth(path);
    delivery.write(path, delivery.read(path).replace("duration: 30m", "duration: 60m"));
    expect(await refusal()).toContain("SignatureInvalid");
  });

  test("that nobody signed waits for people, and nobody may approve it in the cluster", async () => {
    file("inc-4");
    await apply();
    await wait("Live=False", "elev/inc-4");
    const spec = JSON.stringify({ spec: { decisions: [{ verdict: "Approve", ownerName: "payments" }] } });
    const patch = ["-n", "payments-prod", "patch", "elev/inc-4", "--type=merge", "-p", spec];
    expect((await delivery.kubectl("alice", ...patch)).stderr).toContain("SignatureRequired");
    expect(await scale()).toContain("ApprovalPending");
  });
});

describe("the pipeline's rights", () => {
  const may = async (verb: string, resource: string, ...args: readonly string[]): Promise<boolean> =>
    (await delivery.kubectl("pipeline", "auth", "can-i", verb, resource, "-q", ...args)).code === 0;

  test.for(["get", "create", "patch", "delete"])("%s approvals of its namespaces, and policies", async (verb) => {
    expect(await may(verb, "elevationapprovals.writ.dev", "-n", "payments-prod")).toBe(true);
    expect(await may(verb, "agentcapabilities.writ.dev")).toBe(true);
    expect(await may(verb, "elevationapprovals.writ.dev", "-n", "default")).toBe(false);
    expect(await may(verb, "elevationapprovals.writ.dev", "-n", "writ-approvals")).toBe(false);
  });

  test("nothing else: it lists what RBAC gives it, beyond what everybody may", async () => {
    const rules = async (who: string): Promise<readonly string[]> =>
      (await delivery.must(who, "auth", "can-i", "--list", "-n", "payments-prod")).trim().split("\n").slice(1);
    await delivery.must("admin", "-n", "writ-delivery", "create", "serviceaccount", "nobody");
    const token = await delivery.cluster.token({ namespace: "writ-delivery", serviceAccount: "nobody" });
    delivery.cluster.addContext({ name: "nobody", credentials: { token } });
    const words = (line: string): string => line.replace(/\s+/g, " ");
    const everybody = new Set((await rules("nobody")).map(words));
    const own = (await rules("pipeline")).map(words).filter((line) => !everybody.has(line));
    expect(own.toSorted()).toEqual([
      "agentcapabilities.writ.dev [] [] [get create patch delete]",
      "elevationapprovals.writ.dev [] [] [get create patch delete]",
    ]);
  });

  test("it decides nothing, defines nothing and appoints nobody, whatever it sends", async () => {
    const patch = (what: string, spec: object) =>
      delivery.kubectl(
        "pipeline",
        "-n",
        "payments-prod",
        "patch",
        what,
        "--type=merge",
        "-p",
        JSON.stringify({ spec }),
      );
    const decisions = [{ verdict: "Approve", ownerName: "payments" }];
    expect((await patch("elev/inc-4", { decisions })).stderr).toMatch(/denied the request: \w+:/);
    const definedBy = { by: "bob@example.com", attestation: "v1.a.b.c", signature: null, notAfter: null };
    expect((await patch("cap/payments-scaler", { definedBy })).stderr).toMatch(/denied the request: \w+:/);
    expect((await patch("cap/payments-scaler", { suspended: true })).stderr).toContain("MembershipRequired");
    expect((await patch("owner/payments", { suspended: true })).stderr).toContain("Forbidden");
    const status = ["patch", "elev/inc-4", "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Live"}}'];
    expect((await delivery.kubectl("pipeline", "-n", "payments-prod", ...status)).stderr).toContain("Forbidden");
    expect(await may("claim", "identityowners.writ.dev")).toBe(false);
    expect(await scale()).toContain("ApprovalPending");
  });
});

test("a policy that is pruned comes back from Git as nothing, until its owner signs it anew", async () => {
  hold();
  await delivery.must("pipeline", "delete", "-f", policy);
  expect(await scale()).toContain("NoCapability");
  expect(await refusal()).toContain("Replayed");
  await delivery.sign("bob", policy);
  await apply();
  await wait("Ready", "cap/payments-scaler");
});

test("Argo CD's settings are merged into those that it has", async () => {
  await delivery.must("admin", "create", "namespace", "argocd");
  await delivery.must("admin", "-n", "argocd", "create", "configmap", "argocd-cm", "--from-literal=url=https://argocd");
  await delivery.must("admin", "apply", "--server-side", "--field-manager=writ", "-k", "argocd");
  const json = await delivery.must("admin", "-n", "argocd", "get", "configmap", "argocd-cm", "-o", "json");
  const { data, metadata } = JSON.parse(json) as {
    readonly data: Readonly<Record<string, string>>;
    readonly metadata: { readonly labels: object };
  };
  const ready = delivery.read("argocd/health/ready.lua");
  expect(data).toEqual({
    url: "https://argocd",
    "resource.customizations.health.writ.dev_IdentityOwner": ready,
    "resource.customizations.health.writ.dev_AgentCapability": ready,
    "resource.customizations.health.writ.dev_ElevationApproval": delivery.read("argocd/health/elevationapproval.lua"),
    "resource.customizations.ignoreDifferences.writ.dev_ElevationApproval": delivery.read(
      "argocd/ignore-differences.yaml",
    ),
  });
  expect(metadata.labels).toEqual({ "app.kubernetes.io/part-of": "argocd" });
});
