import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/decision/admission-request.ts";
import { changeDigest } from "../../../src/decision/change/change-digest.ts";
import { approval, approvedBy } from "../../builders/approval.ts";
import { judge } from "../../builders/judge.ts";
import { review, writeRequest } from "../../builders/review.ts";
import { scaler } from "../../builders/world.ts";

const salt = "00112233445566778899aabbccddeeff";
const withReplicas = (replicas: number): JsonObject => ({ ...review().object, spec: { replicas } });
const scaled = (replicas: number) => ({ oldObject: withReplicas(1), object: withReplicas(replicas) });

/** The world's approval, bound to one change. */
const boundTo = (digest: string) =>
  approvedBy(
    approval("inc-1234", { change: { salt, digest } }),
    scaler,
    { by: "alice@example.com", ownerName: "payments" },
    { by: "bob@example.com", ownerName: "platform" },
  );

describe("an approval of one exact change", () => {
  const approvals = [boundTo(changeDigest(writeRequest(scaled(3)), salt))];

  test("admits it and no other", () => {
    expect(judge({ approvals, review: scaled(3) }).code).toBe("Approved");
    expect(judge({ approvals, review: scaled(4) }).code).toBe("ChangeMismatch");
    expect(judge({ approvals }).code).toBe("ChangeMismatch");
  });

  test("admits it in no request that also moves the ownership of what stays the same", () => {
    const booked = (fieldsV1: JsonObject) => {
      const { object, oldObject } = scaled(3);
      const managedFields = [{ manager: "flux", operation: "Apply", fieldsV1 }];
      return { oldObject, object: { ...object, metadata: { ...(object["metadata"] as JsonObject), managedFields } } };
    };
    const replicas = { "f:replicas": {} };
    expect(judge({ approvals, review: booked({ "f:spec": replicas }) }).code).toBe("Approved");
    const result = judge({ approvals, review: booked({ "f:spec": { ...replicas, "f:paused": {} } }) });
    expect(result).toMatchObject({ code: "ChangeMismatch" });
    expect(result.kind === "deny" && result.message).toContain("moves the ownership of spec.paused");
  });

  test("admits no change that has no digest: a number that is held as another", () => {
    expect(judge({ approvals, review: scaled(2 ** 53) }).code).toBe("ChangeMismatch");
  });
});
