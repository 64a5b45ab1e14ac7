import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AgentCapabilityRule, ElevationApproval } from "../../../src/api/types.gen.ts";
import { describeEffect, describeOwner, shellWord } from "../../../src/decision/describe.ts";
import { bot, botUid } from "../../builders/agents.ts";
import { approval, approvedBy, rejectDecision, withDecisions } from "../../builders/approval.ts";
import { capability, defined, editCapability, rule } from "../../builders/capability.ts";
import { denial } from "../../builders/judge.ts";
import type { Scene } from "../../builders/judge.ts";
import { editOwner, owner } from "../../builders/owner.ts";
import { after, hour, timestamp } from "../../builders/time.ts";
import { payments, platform, root, scaler, world } from "../../builders/world.ts";

const alice = { by: "alice@example.com", ownerName: "payments" };
const bob = { by: "bob@example.com", ownerName: "platform" };

describe("the nearest rule", () => {
  const far: readonly [string, Partial<AgentCapabilityRule>][] = [
    ["resources", { resources: ["pods"] }],
    ["operations", { operations: ["DELETE"] }],
    ["apiVersions", { apiVersions: ["v2"] }],
    ["scope", { scope: "Cluster" }],
    ["namespaces", { namespaces: ["payments-dev"] }],
    ["resourceNames", { resourceNames: ["api"] }],
  ];

  test.each(far.map(([part], index) => [part, index] as const))("is the one that misses %s last", (part, index) => {
    const rules = far.slice(0, index + 1).map(([name, mods]) => rule(name, mods));
    const { code, nearest, message } = denial({ capabilities: [defined(editCapability(scaler, { rules }))] });
    expect(code).toBe("NoRule");
    expect(nearest).toEqual({ kind: "AgentCapability", name: "payments-scaler", rule: part, missed: part });
    expect(message).toContain(`rule "${part}" of AgentCapability "payments-scaler"`);
  });

  test("of a protected resource says that it must be named and High", () => {
    const rules = [rule("all", { apiGroups: [""], resources: ["*"] })];
    const { nearest, message } = denial({
      capabilities: [defined(editCapability(scaler, { rules }))],
      review: { resource: { group: "", version: "v1", resource: "secrets" } },
    });
    expect(nearest?.missed).toBe("protected");
    expect(message).toContain("literally");
  });

  test("may be of any capability of the agent, and its policy owner is whom to ask", () => {
    const other = capability("other", {
      policyOwnerName: "security",
      rules: [rule("near", { resourceNames: ["api"] })],
    });
    const contacts = [{ kind: "email", value: "security@example.com" }] as const;
    const { nearest, next } = denial({
      capabilities: [editCapability(scaler, { rules: [rule("far", { resources: ["pods"] })] }), other],
      owners: [...world.owners, owner("security", { contacts })],
    });
    expect(nearest).toMatchObject({ name: "other", rule: "near" });
    expect(next).toContain('"security" (security@example.com)');
  });

  test("that covers the write is named where its capability is not in force", () => {
    expect(denial({ capabilities: [capability("payments-scaler")] }).nearest).toEqual({
      kind: "AgentCapability",
      name: "payments-scaler",
      rule: "scale",
      missed: "CapabilityNotDefined",
    });
  });
});

describe("the nearest approval", () => {
  const notBefore = timestamp(after(hour));
  const dead = { namespace: "payments-prod", deletionTimestamp: timestamp(after(0)) };
  const exhausted = (name: string): ElevationApproval => ({
    ...approvedBy(approval(name, { maxUses: 1 }), scaler, alice, bob),
    status: { uses: 1 },
  });
  const revoked = (name: string): ElevationApproval => {
    const elev = approvedBy(approval(name), scaler, alice, bob);
    return withDecisions(elev, rejectDecision(elev, { ...alice, at: after(90_000) }));
  };
  const denied = (name: string): ElevationApproval => {
    const elev = approval(name);
    return withDecisions(elev, rejectDecision(elev, alice));
  };
  /** From the nearest to the farthest. */
  const ladder: readonly (readonly [string, ElevationApproval])[] = [
    ["Approved", approvedBy(approval("approved", { notBefore }), scaler, alice, bob)],
    ["Pending", approvedBy(approval("half", {}), scaler, alice)],
    ["Pending", approval("fresh")],
    ["Invalid", approvedBy(approval("dying", {}, dead), scaler, alice, bob)],
    ["Revoked", revoked("revoked")],
    ["Exhausted", exhausted("exhausted")],
    ["Expired", approvedBy(approval("expired", { duration: "30s" }), scaler, alice, bob)],
    ["Denied", denied("denied")],
    ["Live", approvedBy(approval("another", { agent: { ...bot, uid: "another" } }), scaler, alice, bob)],
  ];

  test.each(ladder.map(([phase, { metadata }], index) => [phase, metadata.name, index] as const))(
    "is the %s one, %s, before those further away",
    (phase, name, index) => {
      const approvals = ladder
        .slice(index)
        .toReversed()
        .map(([, elev]) => elev);
      const { nearest, message } = denial({ approvals });
      expect(nearest).toEqual({
        kind: "ElevationApproval",
        namespace: "payments-prod",
        name,
        missed: phase,
        reason: expect.stringMatching(/^[A-Za-z]+$/) as string,
      });
      expect(message).toContain(`payments-prod/${name}`);
    },
  );

  test("is worth a live read where a decision may have been missed, and at most four are", () => {
    const awaiting = (approvals: readonly ElevationApproval[]): readonly string[] =>
      denial({ approvals }).awaiting.map(({ metadata }) => metadata.name);
    expect(awaiting(ladder.map(([, elev]) => elev))).toEqual(["half", "fresh", "dying"]);
    expect(awaiting(["a", "b", "c", "d", "e"].map((name) => approval(name)))).toEqual(["a", "b", "c", "d"]);
    expect(awaiting([revoked("x"), exhausted("y"), denied("z")])).toEqual([]);
  });

  test("of other targets is mentioned but not awaited", () => {
    const targets = [{ apiGroup: "apps", resource: "deployments", names: ["api"] }];
    const { message, awaiting } = denial({ approvals: [approval("narrow", { targets })] });
    expect(message).toContain('"narrow" there covers other writes');
    expect(awaiting).toEqual([]);
  });
});

/** The words that a POSIX shell makes of a text of commands, each command's words joined by a separator. */
function shellWords(command: string): string[] {
  const script = `kubectl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("the command that asks for an approval", () => {
  test("can be typed as it is, one per owner that is missing", () => {
    const contacts = [{ kind: "email", value: "payments@example.com" }] as const;
    const { next } = denial({
      approvals: [approval("inc-1")],
      owners: [root, platform, editOwner(payments, { contacts })],
    });
    expect(next).toContain('1 of owner "payments" (payments@example.com)');
    const commands = next.split("; and of ").map((ask) => ask.slice(ask.indexOf("kubectl")));
    expect(commands).toHaveLength(2);
    const words = commands.map(shellWords);
    expect(words.map((each) => each.slice(0, -1))).toEqual(
      [1, 2].map(() => ["patch", "elev", "inc-1", "-n", "payments-prod", "--type", "merge", "-p"]),
    );
    expect(words.map((each) => JSON.parse(each.at(-1) ?? "") as unknown)).toEqual(
      ["payments", "platform"].map((ownerName) => ({ spec: { decisions: [{ verdict: "Approve", ownerName }] } })),
    );
  });
});

describe("the command that requests an approval", () => {
  /** The manifest that the shell hands to kubectl's standard input. */
  function requested(scene: Scene): unknown {
    const { code, next } = denial({ approvals: [], ...scene });
    expect(code).toBe("NoApproval");
    const command = next.replace(/^request one: /, "");
    const script = `kubectl() { if [ "$*" = "create -f -" ]; then cat; else echo "words: $*"; fi; }\n${command}`;
    return JSON.parse(execFileSync("sh", ["-c", script], { encoding: "utf8" }));
  }
  const policy = {
    risk: "High",
    approvers: [{ from: "PolicyOwner" }],
    maxDuration: "2h",
    ticketPrefix: "INC-",
  } as const;

  test("asks for exactly this write under the nearest rule", () => {
    const cap = defined(editCapability(scaler, { approval: [policy] }));
    expect(requested({ capabilities: [cap] })).toEqual({
      apiVersion: "writ.dev/v1alpha1",
      kind: "ElevationApproval",
      metadata: { namespace: "payments-prod", generateName: "payments-bot-" },
      spec: {
        capabilityName: "payments-scaler",
        rules: ["scale"],
        agent: { ...bot, uid: botUid },
        targets: [{ apiGroup: "apps", resource: "deployments", names: ["web"] }],
        reason: "why this write is needed",
        ticket: "INC-0000",
        duration: "2h",
      },
    });
  });

  test("names no object that does not exist yet", () => {
    const cap = defined(editCapability(scaler, { rules: [rule("make", { operations: ["CREATE"] })] }));
    expect(requested({ capabilities: [cap], review: { operation: "CREATE" } })).toMatchObject({
      spec: { targets: [{ apiGroup: "apps", resource: "deployments" }], duration: "1h" },
    });
  });

  test("chooses the rule of the highest risk, which is the one that counts", () => {
    const cap = defined(editCapability(scaler, { rules: [rule("low", { risk: "Low" }), rule("high")] }));
    expect(requested({ capabilities: [cap] })).toMatchObject({ spec: { rules: ["high"] } });
  });

  test("puts cluster-scoped requests into the cluster approval namespace", () => {
    const nodes = rule("label", { scope: "Cluster", apiGroups: [""], resources: ["nodes"] });
    const review = { resource: { group: "", version: "v1", resource: "nodes" }, namespace: "", name: "n1" };
    expect(requested({ capabilities: [defined(editCapability(scaler, { rules: [nodes] }))], review })).toMatchObject({
      metadata: { namespace: "writ-approvals" },
    });
  });

  test.each([
    "'; touch /tmp/x; '",
    "$(kubectl evil)`kubectl evil`",
    'a"b',
    "back\\slash",
    "back\\\\slash \\c \\n \\0101",
    "new\nline\r\ttab",
    String.raw`x\",\"names\":[\"y`,
    "-n",
    "*",
    "\u{1F600}\u2028",
  ])("hands a hostile name to kubectl unharmed: %j", (name) => {
    expect(requested({ review: { name } })).toMatchObject({ spec: { targets: [{ names: [name] }] } });
  });
});

test("shellWord is one word to a shell, and the same word, whatever it holds", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("'", '"', "\\", "$", "`", "\n", " ", "*", "-", "a"),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  });
  const words = fc.array(
    text.filter((word) => !word.includes("\0")),
    { minLength: 200, maxLength: 200 },
  );
  const [sample = []] = fc.sample(words, { numRuns: 1, seed: 11 });
  const hostile = ["", "a", "a'b", "$HOME", "`id`", "a b", "~", "!x", "#x", "-x", ...sample];
  expect(shellWords(`kubectl ${hostile.map(shellWord).join(" ")}`)).toEqual(hostile);
});

test("the freeze names the command that ends it", () => {
  const { next } = denial({ owners: [editOwner(root, { suspended: true }), platform, payments] });
  const words = shellWords(next.slice(next.indexOf("kubectl")));
  expect(words.slice(0, 3)).toEqual(["patch", "owner", "cluster"]);
  expect(JSON.parse(words.at(-1) ?? "")).toEqual({ spec: { suspended: false } });
});

test("effects and owners are described in words", () => {
  const effect = {
    verb: "update",
    group: "apps",
    version: "v1",
    resource: "deployments",
    subresource: "scale",
    name: "web",
  } as const;
  expect(describeEffect({ ...effect, namespace: "prod" })).toBe(
    'update deployments/scale (apps) "web" in namespace prod',
  );
  expect(describeEffect({ ...effect, group: "", name: "" })).toBe("update deployments/scale cluster-wide");
  expect(describeOwner(undefined, "x")).toBe('"x"');
  const contacts = ["1", "2", "3", "4"].map((value) => ({ kind: "phone", value }) as const);
  expect(describeOwner(owner("x", { contacts }), "x")).toBe('"x" (1, 2, 3)');
});
