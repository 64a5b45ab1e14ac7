import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { type Bench, eventually, startBench } from "../writ/bench.ts";
import { applyWorld, approval, approvals, capabilities, capability, decide, rule } from "../writ/objects.ts";
import { type Plugin, installPlugin } from "./plugin.ts";

let bench: Bench;
let plugin: Plugin;
let requests = 0;

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
  plugin = installPlugin(bench, ["alice", "bob", "carol", "dave", "erin", "grace", "oidc-alice"]);
});
afterAll(async () => {
  plugin.remove();
  await bench.cluster.stop();
});

/** Files a request as the agent and gives its name. */
async function request(spec: Parameters<typeof approval>[1] = {}): Promise<string> {
  const name = `req-${(requests += 1)}`;
  await bench.must("bot", "POST", approvals(), approval(name, spec));
  return name;
}

async function stored(name: string): Promise<ElevationApproval> {
  return (await bench.must("admin", "GET", approvals(name))).json() as ElevationApproval;
}

const decisionsOf = async (name: string): Promise<readonly string[]> =>
  ((await stored(name)).spec.decisions ?? []).map(({ verdict, by, ownerName }) => `${verdict} ${by} ${ownerName}`);

describe("kubectl writ approve", () => {
  test("shows what is asked for, approves for the one owner that it can be, and says what is missing", async () => {
    const name = await request({
      reason: "Black Friday",
      targets: [{ apiGroup: "", resource: "configmaps", names: ["web"] }],
    });
    const alice = await plugin.run("alice", ["approve", name, "--reason", "on call agrees"]);
    expect(alice).toMatchObject({ code: 0, stderr: "" });
    for (const shown of [
      "system:serviceaccount:agents:payments-bot (uid ",
      "configure (High): CREATE, UPDATE, DELETE configmaps (core) in payments-prod",
      "configmaps: web",
      "Black Friday",
      "30m",
      "sha256:",
      `payments-prod/${name} approved for owner "payments"`,
      "It is Pending",
      'It still needs the approval of 1 of "platform" (PolicyOwner).',
    ]) {
      expect(alice.stdout).toContain(shown);
    }
    const bob = await plugin.run("bob", ["approve", name, "-n", "payments-prod"]);
    expect(bob.stdout).toContain("It is Live, until ");
    expect(bob.code).toBe(0);
    expect((await stored(name)).spec.decisions).toMatchObject([
      { by: "alice@example.com", ownerName: "payments", reason: "on call agrees" },
      { by: "bob@example.com", ownerName: "platform" },
    ]);
  });

  test.each([
    ["alice", []],
    ["alice", ["--owner", "payments"]],
    ["oidc-alice", []],
  ])("says that %s %j has approved already, under whatever name, and exits 0", async (who, words) => {
    const name = await request();
    await decide(bench, "alice", approvals(name), "Approve", "payments");
    // Her other name has no RBAC to list owners in the samples.
    if (who === "oidc-alice")
      await bench.cluster.kubectl([
        "create",
        "clusterrolebinding",
        "oidc",
        "--clusterrole=writ-approver",
        "--user=oidc:alice",
      ]);
    const again = await plugin.run(who, ["approve", name, ...words]);
    expect(again.stdout).toContain('you have approved it already, as alice@example.com for owner "payments"');
    expect(again.code).toBe(0);
    expect(await decisionsOf(name)).toEqual(["Approve alice@example.com payments"]);
  });

  test("lists the owners that one could approve for, and takes the one that is named", async () => {
    const name = await request();
    const unsure = await plugin.run("grace", ["approve", name]);
    expect(unsure).toMatchObject({
      code: 1,
      stderr: "kubectl-writ: you could approve for payments or platform: choose one with --owner\n",
    });
    expect(await decisionsOf(name)).toEqual([]);
    expect(await plugin.run("grace", ["approve", name, "--owner", "platform"])).toMatchObject({ code: 0 });
    expect(await decisionsOf(name)).toEqual(["Approve grace@example.com platform"]);
  });

  test("says whom to ask when the person is in none of the owners that are missing", async () => {
    const name = await request();
    const refused = await plugin.run("carol", ["approve", name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ask one of "payments" (payments-oncall@example.com) and "platform"');
    expect(await decisionsOf(name)).toEqual([]);
  });

  test("shows the server's refusal as one paragraph with its code and the next step", async () => {
    const name = await request();
    expect(await plugin.run("carol", ["approve", name, "--owner", "payments"])).toMatchObject({
      code: 1,
      stderr:
        'kubectl-writ: NotAMember: carol@example.com is no member of IdentityOwner "payments" Next: Decide in the name of an owner that lists you.\n',
    });
  });

  test.each([
    [["approve", "nothing"], 'elevationapprovals.writ.dev "nothing" not found in namespace payments-prod'],
    [["approve", "nothing", "-n", "elsewhere"], '"nothing" not found in namespace elsewhere'],
    [["approve", "../../x"], "not found"],
    [["approve", ".."], 'expected a name for an API path, got ".."'],
    [["reject", "nothing"], "kubectl get elev -A lists all"],
  ])("%j ends in one line", async (words, message) => {
    const { code, stderr } = await plugin.run("alice", words);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });

  test("an owner that does not exist ends in one line", async () => {
    const { code, stderr } = await plugin.run("alice", ["approve", await request(), "--owner", "nobody"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'kubectl-writ: IdentityOwner "nobody" does not exist; kubectl get owner lists all\n',
    });
  });

  test.each(["--as", "--as-group", "--as-uid"])("refuses %s with the reason", async (flag) => {
    const { code, stderr } = await plugin.run("alice", ["approve", "x", flag, "bob"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${flag} is refused: an impersonated request has no credential id`);
  });
});

describe("kubectl writ approve on a terminal", () => {
  test("asks, and takes a yes", async () => {
    const name = await request();
    const terminal = plugin.onTerminal("alice", ["approve", name]);
    await terminal.until('Approve it for owner "payments" as alice@example.com? [y/N]');
    expect(await decisionsOf(name)).toEqual([]);
    terminal.type("y\r");
    expect((await terminal.end).code).toBe(0);
    expect(await decisionsOf(name)).toEqual(["Approve alice@example.com payments"]);
  });

  test.each([
    ["a no", "n\r", 1],
    ["just Enter", "\r", 1],
    ["Ctrl-D", "\u0004", 1],
    ["Ctrl-C", "\u0003", 130],
  ])("decides nothing after %s", async (_what, keys, expected) => {
    const name = await request();
    const terminal = plugin.onTerminal("alice", ["approve", name]);
    await terminal.until("[y/N]");
    terminal.type(keys);
    const { code, output } = await terminal.end;
    expect({ code, decisions: await decisionsOf(name) }).toEqual({ code: expected, decisions: [] });
    expect(output).toContain("nothing was decided");
  });

  test("does not ask with --yes", async () => {
    const name = await request();
    const { code, output } = await plugin.onTerminal("alice", ["approve", name, "--yes"]).end;
    expect(code).toBe(0);
    expect(output).not.toContain("[y/N]");
  });

  test("is refused when the policy changes between looking and approving", async () => {
    await bench.must("bob", "POST", capabilities(), capability("moving", { rules: [rule("configure")] }));
    const name = await request({ capabilityName: "moving" });
    const terminal = plugin.onTerminal("alice", ["approve", name]);
    await terminal.until("[y/N]");
    const moved = capability("moving", { rules: [rule("configure", { resources: ["configmaps", "services"] })] });
    const { metadata } = (await bench.must("bob", "GET", capabilities("moving"))).json() as ElevationApproval;
    await bench.must("bob", "PUT", capabilities("moving"), { ...moved, metadata });
    terminal.type("y\r");
    const { code, output } = await terminal.end;
    expect(output).toContain("DigestMismatch");
    expect(code).toBe(1);
    expect(await decisionsOf(name)).toEqual([]);
  });

  test("no name from the cluster reaches the terminal with a control character", async () => {
    const name = await request({ reason: "fine\u001B[2J\u202Egood" });
    const { output } = await plugin.onTerminal("alice", ["approve", name, "--yes"]).end;
    expect(output).toContain("fine?[2J?good");
    for (const hostile of ["\u001B", "\u202E"]) expect(output).not.toContain(hostile);
  });
});

describe("kubectl writ reject", () => {
  test("rejects for an owner of the person's that has a say, and is final", async () => {
    const name = await request();
    await decide(bench, "alice", approvals(name), "Approve", "payments");
    const rejected = await plugin.run("grace", ["reject", name, "--reason", "rollout is over"]);
    expect(rejected).toMatchObject({ code: 0, stderr: "" });
    expect(rejected.stdout).toContain(`payments-prod/${name} rejected for owner "payments"`);
    expect(rejected.stdout).toContain("It is Denied");
    const late = await plugin.run("bob", ["approve", name]);
    expect(late.code).toBe(1);
    expect(late.stderr).toContain("ApprovalOver");
  });

  test.each([[[]], [["--owner", "platform"]]])("twice says so and exits 0 (%j)", async (words) => {
    const name = await request();
    expect(await plugin.run("bob", ["reject", name, ...words])).toMatchObject({ code: 0 });
    const again = await plugin.run("bob", ["reject", name, ...words]);
    expect(again.stdout).toContain("already");
    expect(again.code).toBe(0);
    expect(await decisionsOf(name)).toEqual(["Reject bob@example.com platform"]);
  });

  test("is refused to who is in no owner that has a say, with whom to ask", async () => {
    const { code, stderr } = await plugin.run("carol", ["reject", await request()]);
    expect(code).toBe(1);
    expect(stderr).toContain("a member of none of the owners that have a say: ask one of ");
  });
});

describe("a server that cannot be reached", () => {
  test("ends in one line and 1 when nobody listens", async () => {
    const dead = await freshServer();
    await dead.close();
    const { code, stderr } = await withServer(dead.port, ["approve", "x"]);
    expect(stderr).toContain(`the API server https://127.0.0.1:${dead.port} does not answer (Unreachable)`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });

  test("ends in one line and 1 after --request-timeout when it hangs", async () => {
    const hanging = await freshServer();
    const { code, stderr } = await withServer(hanging.port, [
      "reject",
      "x",
      "--owner",
      "payments",
      "--request-timeout",
      "1s",
    ]);
    await hanging.close();
    expect(stderr).toContain("does not answer (Timeout)");
    expect(code).toBe(1);
  });

  async function freshServer(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.on("connection", (socket) => server.once("close", () => socket.destroy()));
    return {
      port: (server.address() as AddressInfo).port,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.emit("close");
        }),
    };
  }

  async function withServer(port: number, words: readonly string[]): ReturnType<Plugin["run"]> {
    const file = bench.cluster.writeKubeconfig(`dead-${port}.kubeconfig`, [
      { name: "alice", credentials: bench.credentials("alice"), namespace: "payments-prod" },
    ]);
    const moved = ["config", "--kubeconfig", file, "set-cluster", "writ", `--server=https://127.0.0.1:${port}`];
    expect((await bench.cluster.kubectl(moved)).code).toBe(0);
    return await plugin.run("alice", [...words, "--kubeconfig", file]);
  }
});

test("while Writ is dead, nothing can be decided, and it says how to revoke all the same", async () => {
  const name = await request();
  await bench.writ.webhook.kill("SIGKILL");
  try {
    const { code, stderr } = await plugin.run("alice", ["reject", name]);
    expect(code).toBe(1);
    expect(stderr).toContain("Writ's webhook does not answer");
    expect(stderr).toContain("kubectl delete elev revokes even now");
  } finally {
    await bench.writ.webhook.restart();
  }
  await eventually(async () => {
    expect((await plugin.run("alice", ["reject", name])).code).toBe(0);
  });
});
