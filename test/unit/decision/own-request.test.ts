import { describe, expect, test } from "vitest";
import type { AdmissionRequest, JsonObject } from "../../../src/decision/admission-request.ts";
import { bot, botUid } from "../../builders/agents.ts";
import { judge } from "../../builders/judge.ts";
import { editOwner } from "../../builders/owner.ts";
import { review } from "../../builders/review.ts";
import { payments, platform, root } from "../../builders/world.ts";
import type { IdentityOwner } from "../../../src/api/types.gen.ts";

const userInfo = review().userInfo;
const approvals = { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" };

function filing(spec: JsonObject, mods: Partial<AdmissionRequest> = {}): Partial<AdmissionRequest> {
  const object = { metadata: { generateName: "bot-", namespace: "payments-prod" }, spec };
  return { operation: "CREATE", resource: approvals, name: "", object, oldObject: null, ...mods };
}

const own = { capabilityName: "payments-scaler", agent: { ...bot, uid: botUid } };

describe("an agent may file a request for itself", () => {
  test.each<[string, Partial<AdmissionRequest>]>([
    ["with its uid", filing(own)],
    ["without a uid, which is stamped", filing({ ...own, agent: bot })],
    ["with an empty list of decisions", filing({ ...own, decisions: [] })],
    ["as a dry run", filing(own, { dryRun: true })],
  ])("%s", (_, review) => {
    expect(judge({ review })).toEqual({
      kind: "allow",
      code: "OwnRequest",
      basis: { rootOwner: root, identityOwner: payments },
    });
  });

  test("as a user that is no service account", () => {
    const owners = [root, platform, editOwner(payments, { identities: [{ user: "spiffe://x" }] })];
    const userInfo = { username: "spiffe://x", groups: ["writ.dev:agents"] };
    expect(judge({ owners, review: filing({ ...own, agent: { user: "spiffe://x" } }, { userInfo }) }).code).toBe(
      "OwnRequest",
    );
  });

  test.each<[string, readonly IdentityOwner[], string]>([
    ["it is frozen", [editOwner(root, { suspended: true }), platform, payments], "Frozen"],
    ["its owner is suspended", [root, platform, editOwner(payments, { suspended: true })], "IdentityOwnerNotLive"],
    ["nobody answers for it", [root, platform], "NoIdentityOwner"],
  ])("but not while %s", (_, owners, code) => {
    expect(judge({ owners, review: filing(own) }).code).toBe(code);
  });
});

describe("and nothing else of Writ's kinds", () => {
  const decision = { verdict: "Approve", by: "alice@example.com", ownerName: "payments" };
  const another = { serviceAccount: { namespace: "agents", name: "other" } };
  test.each<[string, Partial<AdmissionRequest>]>([
    ["with a decision", filing({ ...own, decisions: [decision] })],
    ["with decisions that are no list", filing({ ...own, decisions: { 0: decision } })],
    ["with decisions null", filing({ ...own, decisions: null })],
    ["for another agent", filing({ ...own, agent: another })],
    ["for another agent with its own uid", filing({ ...own, agent: { ...another, uid: botUid } })],
    ["for another incarnation of itself", filing({ ...own, agent: { ...bot, uid: "another" } })],
    ["for nobody", filing({ capabilityName: "payments-scaler" })],
    ["for an agent that is no object", filing({ ...own, agent: [bot] })],
    ["for a service account that is no object", filing({ ...own, agent: { serviceAccount: "payments-bot" } })],
    ["without a spec", filing(own, { object: { metadata: {} } })],
    ["without an object", filing(own, { object: null })],
    ["with its uid while impersonated", filing(own, { userInfo: { username: userInfo.username } })],
    ["an update of it", filing(own, { operation: "UPDATE", name: "x" })],
    ["its deletion", filing(own, { operation: "DELETE", name: "x" })],
    ["its status", filing(own, { subResource: "status" })],
    ["an owner", filing(own, { resource: { ...approvals, resource: "identityowners" } })],
    ["a capability", filing(own, { resource: { ...approvals, resource: "agentcapabilities" } })],
  ])("%s", (_, review) => {
    expect(judge({ review }).code).toBe("NeverGrantable");
  });

  test("a kind of the same name in another group is judged like any other write", () => {
    expect(judge({ review: filing(own, { resource: { ...approvals, group: "example.org" } }) }).code).toBe("NoRule");
  });

  test("keys of an object's prototype name no agent", () => {
    const agent = JSON.parse('{"__proto__": {"user": "x"}, "constructor": {"name": "y"}}') as JsonObject;
    expect(judge({ review: filing({ ...own, agent }) }).code).toBe("NeverGrantable");
  });
});
