import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { sshKeygen } from "../../unit/api/ssh/ssh-keygen.ts";
import { type Bench, eventually, startBench } from "../writ/bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  bot,
  capabilities,
  capability,
  decide,
  mergePatch,
  owners,
} from "../writ/objects.ts";
import { type Plugin, installPlugin } from "./plugin.ts";

const ssh = sshKeygen();
const directory = mkdtempSync(join(tmpdir(), "writ-sign-"));
const path = (name: string): string => join(directory, name);
let bench: Bench;
let plugin: Plugin;
let agentUid: string;

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
  plugin = installPlugin(bench, ["alice", "bob", "carol"]);
  for (const [name, owner] of [
    ["alice", "payments"],
    ["bob", "platform"],
  ] as const) {
    const line = ssh.makeKey(name, ["-t", "ed25519"]);
    const members = [{ user: `${name}@example.com`, sshKeys: [line] }, { group: `${owner}-leads` }];
    await bench.must("bob", "PATCH", owners(owner), { spec: { members } }, mergePatch);
  }
  const account = await bench.must("admin", "GET", "/api/v1/namespaces/agents/serviceaccounts/payments-bot");
  agentUid = (account.json() as ElevationApproval).metadata.uid ?? "";
});
afterAll(async () => {
  plugin.remove();
  rmSync(directory, { recursive: true });
  ssh.remove();
  await bench.cluster.stop();
});

const sign = (who: string, ...words: readonly string[]) => plugin.run(who, ["sign", ...words, "--key", ssh.path(who)]);

/** Whoever has the file applies it: carol is in no owner. */
async function apply(file: string): Promise<void> {
  const { code, stderr } = await bench.cluster.kubectl(["create", "-f", file], { context: "carol" });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

const phaseOf = async (name: string): Promise<string | undefined> =>
  ((await bench.must("admin", "GET", approvals(name))).json() as ElevationApproval).status?.phase;

test("a request that two people have signed is live as soon as a pipeline has created it", async () => {
  const file = path("signed.yaml");
  writeFileSync(file, `# INC-1\n${stringify(approval("signed", { agent: { ...bot, uid: agentUid } }))}`);
  for (const [who, owner] of [
    ["alice", "payments"],
    ["bob", "platform"],
  ] as const) {
    const signed = await sign(who, "-f", file, "--owner", owner);
    expect(signed, signed.stderr).toMatchObject({ code: 0, stdout: "" });
  }
  expect(readFileSync(file, "utf8").startsWith("# INC-1\n")).toBe(true);
  const { stdout: exported } = await bench.cluster.kubectl(["get", "owner", "-o", "yaml"]);
  writeFileSync(path("owners.yaml"), exported);
  const verified = await plugin.run("alice", ["verify-decision", "-f", file, "--owners", path("owners.yaml")]);
  expect(verified.stderr).toContain("no --cluster-id: taking the cluster id from the cluster");
  expect(verified.stdout.match(/^valid /gm)).toHaveLength(2);
  expect(verified.code).toBe(0);
  await apply(file);
  await eventually(async () => expect(await phaseOf("signed")).toBe("Live"));
});

test("the account's uid is looked up and written, by who may read it", async () => {
  const file = path("lookup.yaml");
  writeFileSync(file, stringify(approval("lookup")));
  const refused = await sign("alice", "-f", file, "--owner", "payments");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("or give it as spec.agent.uid: kubectl -n agents get serviceaccount payments-bot");
  for (const grant of [
    ["clusterrole", "see-accounts", "--verb=get", "--resource=serviceaccounts"],
    ["clusterrolebinding", "alice-sees", "--clusterrole=see-accounts", "--user=alice@example.com"],
  ]) {
    expect((await bench.cluster.kubectl(["create", ...grant])).code).toBe(0);
  }
  await eventually(async () => {
    expect((await sign("alice", "-f", file, "--owner", "payments")).code).toBe(0);
  });
  expect(readFileSync(file, "utf8")).toContain(agentUid);
});

test("another cluster than was named is not asked for anything", async () => {
  const file = path("elsewhere.yaml");
  const text = stringify(approval("elsewhere", { agent: { ...bot, uid: agentUid } }));
  writeFileSync(file, text);
  const other = "00000000-0000-4000-8000-000000000000";
  const { code, stderr } = await sign("alice", "-f", file, "--owner", "payments", "--cluster-id", other);
  expect(code).toBe(1);
  expect(stderr).toContain(`is ${bench.cluster.clusterId}, not ${other}`);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("a capability that a member has signed is in force, whoever applies it", async () => {
  const file = path("capability.yaml");
  writeFileSync(file, stringify(capability("from-git")));
  expect(await sign("bob", "-f", file)).toMatchObject({ code: 0 });
  expect(await bench.cluster.kubectl(["create", "-f", file])).toMatchObject({ code: 0 });
  await eventually(async () => {
    const { status } = (await bench.must("admin", "GET", capabilities("from-git"))).json() as ElevationApproval;
    expect(status?.conditions?.[0]).toMatchObject({ type: "Ready", status: "True" });
  });
});

test("approve sends who decides for an owner of signed decisions to sign, and what it says works", async () => {
  await bench.must("bob", "PATCH", owners("payments"), { spec: { decisions: "Signed" } }, mergePatch);
  await bench.must("bot", "POST", approvals(), approval("by-hand"));
  expect((await decide(bench, "bob", approvals("by-hand"), "Approve", "platform")).status).toBe(200);
  const refused = await plugin.run("alice", ["approve", "by-hand"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    "kubectl get elev by-hand -n payments-prod -o yaml > FILE; kubectl writ sign -f FILE --owner payments --key KEY; kubectl apply -f FILE",
  );
  const file = path("by-hand.yaml");
  const exported = await bench.cluster.kubectl(["get", "elev", "by-hand", "-n", "payments-prod", "-o", "yaml"], {
    context: "alice",
  });
  writeFileSync(file, exported.stdout);
  expect(await sign("alice", "-f", file, "--owner", "payments")).toMatchObject({ code: 0 });
  const applied = await bench.cluster.kubectl(["apply", "-f", file], { context: "alice" });
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
  await eventually(async () => expect(await phaseOf("by-hand")).toBe("Live"));
});
