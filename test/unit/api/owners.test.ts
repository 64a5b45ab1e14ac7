import { describe, expect, test } from "vitest";
import { describeOwnerProblem, ownerDirectory, ownerProblem } from "../../../src/api/owners.ts";
import type { OwnerProblem } from "../../../src/api/owners.ts";
import { bot, botUser } from "../../builders/agents.ts";
import { owner } from "../../builders/owner.ts";
import { after, created, hour, timestamp } from "../../builders/time.ts";

describe("ownerProblem", () => {
  const reviewBy = timestamp(after(hour));
  test.each([
    ["an owner that is there", owner("a"), created, undefined],
    ["an owner that says it is not suspended", owner("a", { suspended: false }), created, undefined],
    ["an owner just before its review", owner("a", { reviewBy }), after(hour) - 1, undefined],
    ["an owner at its review", owner("a", { reviewBy }), after(hour), "OwnerReviewOverdue"],
    [
      "an owner whose review cannot be read",
      owner("a", { reviewBy: "2026-02-30T00:00:00Z" }),
      created,
      "OwnerReviewOverdue",
    ],
    ["a suspended owner", owner("a", { suspended: true }), created, "OwnerSuspended"],
    ["an owner being deleted", owner("a", {}, { deletionTimestamp: timestamp(created) }), created, "OwnerBeingDeleted"],
    ["no owner", undefined, created, "OwnerNotFound"],
  ])("%s", (_, candidate, now, problem) => {
    expect(ownerProblem(candidate, now)).toBe(problem);
  });

  test.each<OwnerProblem>(["OwnerNotFound", "OwnerSuspended", "OwnerReviewOverdue", "OwnerBeingDeleted"])(
    "%s is described with the owner's name",
    (problem) => {
      expect(describeOwnerProblem("payments", problem)).toMatch(/^IdentityOwner "payments" (is|does not) /);
    },
  );
});

describe("ownerDirectory", () => {
  test("finds owners by name, and none by the name of a property", () => {
    const directory = ownerDirectory([owner("a"), owner("b")]);
    expect(directory.get("b")?.metadata.name).toBe("b");
    expect(directory.get("__proto__")).toBeUndefined();
    expect(directory.get("constructor")).toBeUndefined();
  });

  test("finds every owner that claims an agent, each once", () => {
    const twice = owner("a", { identities: [bot, bot] });
    const again = owner("b", { identities: [{ user: "spiffe://x" }, bot] });
    const directory = ownerDirectory([twice, again, owner("c")]);
    expect(directory.ofIdentity(botUser)).toEqual([twice, again]);
    expect(directory.ofIdentity("spiffe://x")).toEqual([again]);
    expect(directory.ofIdentity("system:serviceaccount:agents:other")).toEqual([]);
  });
});
