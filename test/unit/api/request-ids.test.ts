import { assert, property, string, stringMatching } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatReservation,
  judgeReservation,
  maxPerNamespace,
  maxShardBytes,
  maxSignatureLife,
  parseReservation,
  renewBefore,
  reservationChanges,
  reservationKey,
  reservationLife,
  shardData,
  shardName,
  shardNames,
} from "../../../src/api/request-ids.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const request = { namespace: "payments-prod", requestID: "9f86d081884c7d65", uid: "uid-1", name: "inc-1234", now };
const key = reservationKey(request.namespace, request.requestID);
const held = (uid: string, until: number): string => formatReservation({ uid, name: "inc-1234", until });

describe("a reservation", () => {
  test("is free where nobody has it, and outlives every signature that can be made today", () => {
    const verdict = judgeReservation(new Map(), request);
    const written = verdict.kind === "free" ? parseReservation(verdict.value) : undefined;
    expect(written).toEqual({ uid: "uid-1", name: "inc-1234", until: now + reservationLife });
    expect(written?.until).toBeGreaterThan(now + maxSignatureLife);
  });

  test("is held by the object that has it", () => {
    expect(judgeReservation(new Map([[key, held("uid-1", now + reservationLife)]]), request)).toEqual({ kind: "held" });
  });

  test("is renewed for the object that has it when it would end before a signature of today", () => {
    expect(judgeReservation(new Map([[key, held("uid-1", now + renewBefore - 1)]]), request).kind).toBe("free");
  });

  test("is never another object's, over or not, legible or not", () => {
    for (const text of [held("uid-2", now + 1), held("uid-2", now - 1), "", "uid-1", "uid-1 soon inc-1234", "null"]) {
      expect(judgeReservation(new Map([[key, text]]), request).kind, text).toBe("taken");
    }
  });

  test("of one namespace is none of another's, whatever the ids", () => {
    const name = stringMatching(/^[a-z0-9-]{1,8}$/);
    const id = stringMatching(/^[A-Za-z0-9-]{1,8}$/);
    assert(
      property(name, id, name, id, (namespace, requestID, otherNamespace, otherId) => {
        const same = namespace === otherNamespace && requestID === otherId;
        expect(reservationKey(namespace, requestID) === reservationKey(otherNamespace, otherId)).toBe(same);
      }),
    );
  });

  test("is refused beyond the share of a namespace, and others keep theirs", () => {
    const full = new Map(
      Array.from({ length: maxPerNamespace }, (_, i) => [reservationKey("payments-prod", `other-${i}`), "x"] as const),
    );
    expect(judgeReservation(full, request).kind).toBe("full");
    expect(judgeReservation(full, { ...request, namespace: "payments-dev" }).kind).toBe("free");
  });

  test("is refused when the ConfigMap would grow beyond what the API server takes", () => {
    const full = new Map([[reservationKey("other", "one"), "x".repeat(maxShardBytes)]]);
    expect(judgeReservation(full, request).kind).toBe("full");
  });
});

describe("keeping the reservations", () => {
  const nothing = (): boolean => false;
  const all = (): boolean => true;

  test("takes away what is over, and nothing before", () => {
    expect(reservationChanges(new Map([[key, held("uid-1", now)]]), nothing, now)).toEqual({ [key]: null });
    expect(reservationChanges(new Map([[key, held("uid-1", now + 1)]]), nothing, now)).toEqual({});
  });

  test("renews what exists in time, so that no signature made while it existed outlives its reservation", () => {
    const renewed = { [key]: held("uid-1", now + reservationLife) };
    expect(reservationChanges(new Map([[key, held("uid-1", now + renewBefore - 1)]]), all, now)).toEqual(renewed);
    expect(reservationChanges(new Map([[key, held("uid-1", now + renewBefore)]]), all, now)).toEqual({});
    expect(renewBefore).toBeGreaterThan(maxSignatureLife);
  });

  test("asks for the very object: one of the same name with another uid keeps nothing alive", () => {
    const asked: unknown[] = [];
    reservationChanges(new Map([[key, held("uid-1", now)]]), (...args) => (asked.push(args), false), now);
    expect(asked).toEqual([["payments-prod", { uid: "uid-1", name: "inc-1234", until: now }]]);
  });

  test("leaves what nobody can read", () => {
    expect(reservationChanges(new Map([[key, "?"]]), nothing, now)).toEqual({});
  });
});

test("every namespace has one of the known ConfigMaps", () => {
  assert(
    property(string(), (namespace) => {
      expect(shardNames()).toContain(shardName(namespace));
    }),
  );
  expect(new Set(shardNames()).size).toBe(32);
});

test.each([undefined, null, 1, "data", {}, { data: null }, { data: "x" }])("a ConfigMap %o holds nothing", (body) => {
  expect(shardData(body).size).toBe(0);
});
