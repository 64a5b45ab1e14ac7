import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import { approval, capability, create, installCrds, owner, patch, pathOf } from "./kinds.ts";

let controlPlane: ControlPlane;

const byUser = {
  ...approval,
  metadata: { namespace: "default", name: "by-user" },
  spec: { ...approval.spec, agent: { user: "spiffe://example.org/bot" }, capabilityName: "other" },
};
const lastTransitionTime = "2026-11-27T09:00:00Z";
const condition = (type: string, message: string) => ({
  conditions: [{ type, status: "True", lastTransitionTime, reason: "Ok", message }],
});

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await installCrds(controlPlane);
  for (const object of [owner, capability, approval, byUser]) await create(controlPlane, object);
  await patch(controlPlane, owner, { status: condition("Ready", "owner is live") }, "/status");
  await patch(controlPlane, capability, { status: condition("Ready", "in force") }, "/status");
  const live = { phase: "Live", expiresAt: "2999-01-01T00:00:00Z", uses: 3, ...condition("Live", "covers 1 rule") };
  await patch(controlPlane, approval, { status: live }, "/status");
});
afterAll(() => controlPlane?.stop());

/** Rows of a kubectl table, cells split at two or more spaces. */
async function table(...args: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { code, stdout, stderr } = await controlPlane.kubectl(["get", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));
}

test("an approval's row answers who may do what until when", async () => {
  const [head, live, user] = await table("elev", "--sort-by=.metadata.name", "--sort-by=.spec.capabilityName");
  expect(head).toEqual(["NAME", "AGENT", "CAPABILITY", "PHASE", "EXPIRES", "AGE"]);
  expect([live, user].flat()).toEqual(
    expect.arrayContaining(["inc-1234", "payments-bot", "payments-scaler", "Live", "2999-01-01T00:00:00Z"]),
  );
  expect([live, user].flat()).toEqual(expect.arrayContaining(["by-user", "spiffe://example.org/bot", "other"]));
});

test("a wide row adds requester, ticket, reason, uses and, last, the message", async () => {
  const [head, row] = await table("elev", "inc-1234", "-o", "wide");
  expect(head?.slice(6)).toEqual(["REQUESTED BY", "TICKET", "REASON", "USES", "MESSAGE"]);
  expect(row?.slice(6)).toEqual(["carol@example.com", "INC-1234", "Black Friday traffic", "3", "covers 1 rule"]);
});

test("an owner's row answers whether it is live and when it must be reviewed", async () => {
  const [head, row] = await table("owner", "-o", "wide");
  expect(head).toEqual(["NAME", "READY", "REVIEW BY", "SUSPENDED", "AGE", "DISPLAY NAME", "MESSAGE"]);
  expect(row?.slice(0, 4)).toEqual(["payments", "True", "2027-03-31T00:00:00Z", "false"]);
  expect(row?.slice(5)).toEqual(["Payments service team", "owner is live"]);
});

test("a capability's row answers whether it is in force and who defined it", async () => {
  const [head, row] = await table("cap", "-o", "wide");
  expect(head?.slice(0, 5)).toEqual(["NAME", "READY", "POLICY OWNER", "SUSPENDED", "AGE"]);
  expect(row?.slice(0, 4)).toEqual(["payments-scaler", "True", "platform", "false"]);
  expect(head?.at(-1)).toBe("MESSAGE");
  expect(row?.at(-1)).toBe("in force");
});

test("the category writ holds all three kinds", async () => {
  const { stdout } = await controlPlane.kubectl(["get", "writ", "-A", "-o", "name"]);
  expect(stdout.trim().split("\n").toSorted()).toEqual([
    "agentcapability.writ.dev/payments-scaler",
    "elevationapproval.writ.dev/by-user",
    "elevationapproval.writ.dev/inc-1234",
    "identityowner.writ.dev/payments",
  ]);
});

test.for([
  ["owner.spec.members", "Each entry is one person"],
  ["cap.spec.rules.namespaces", "Required with scope Namespaced"],
  ["elev.spec.decisions.verdict", "which also revokes"],
] as const)("kubectl explain %s", async ([path, text]) => {
  const { stdout } = await controlPlane.kubectl(["explain", path]);
  expect(stdout.replaceAll(/\s+/g, " ")).toContain(text);
});

test.for([
  [approval, "spec.capabilityName=payments-scaler", ["inc-1234"]],
  [approval, "status.phase=Live", ["inc-1234"]],
  [approval, `spec.requestID=${approval.spec.requestID}`, ["by-user", "inc-1234"]],
  [capability, "spec.policyOwnerName=platform", ["payments-scaler"]],
  [capability, "spec.policyOwnerName=other", []],
] as const)("selects by field: %#", async ([object, selector, names]) => {
  const response = await controlPlane.request(`${pathOf(object)}?fieldSelector=${encodeURIComponent(selector)}`);
  const { items } = response.json() as { items: readonly { metadata: { name: string } }[] };
  expect(items.map((item) => item.metadata.name).toSorted()).toEqual(names);
});
