import { describe, expect, test } from "vitest";
import { createRequestIdRegistry } from "../../../../src/admission/request-ids/request-id-registry.ts";
import type { KubeClient, KubeRequest } from "../../../../src/kube/client.ts";
import { KubeError } from "../../../../src/kube/kube-error.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const wanted = { namespace: "payments-prod", name: "inc-1234", uid: "uid-1", requestID: "9f86d081884c7d65" };

interface ConfigMaps {
  readonly client: KubeClient;
  readonly calls: readonly string[];
  readonly data: () => Readonly<Record<string, string>> | undefined;
}

/** An API server with one ConfigMap at most. `beforeWrite` runs once, between a read and the write that follows it. */
function configMaps(
  beforeWrite: (self: { data: Record<string, string>; version: number }) => void = () => {},
): ConfigMaps {
  let stored: { data: Record<string, string>; version: number } | undefined;
  let disturb: typeof beforeWrite | undefined = beforeWrite;
  const calls: string[] = [];
  const error = (status: number): KubeError => new KubeError({ status, reason: "Test", message: "test" });
  const answer = (): { status: number; body: unknown; serverDate: undefined } => ({
    status: 200,
    body: { metadata: { resourceVersion: String(stored?.version) }, data: { ...stored?.data } },
    serverDate: undefined,
  });
  const request = async ({ method, contentType, body }: KubeRequest): ReturnType<KubeClient["request"]> => {
    calls.push(`${method} ${contentType ?? ""}`.trim());
    if (method === "GET") {
      if (!stored) throw error(404);
      return answer();
    }
    if (contentType === "application/apply-patch+yaml") {
      stored ??= { data: {}, version: 1 };
      return answer();
    }
    if (!stored) throw error(404);
    disturb?.(stored);
    disturb = undefined;
    const patch = body as { metadata?: { resourceVersion?: string }; data: Record<string, string> };
    const version = patch.metadata?.resourceVersion;
    if (version !== undefined && version !== String(stored.version)) throw error(409);
    stored = { data: { ...stored.data, ...patch.data }, version: stored.version + 1 };
    return answer();
  };
  const client = { request, get: (path: string) => request({ method: "GET", path }) } as KubeClient;
  return { client, calls, data: () => stored?.data };
}

const registryOn = ({ client }: ConfigMaps): ReturnType<typeof createRequestIdRegistry> =>
  createRequestIdRegistry({ client, systemNamespace: "writ-system", clock: () => now });

describe("reserving a requestID", () => {
  test("creates the ConfigMap that is not there, and writes the reservation into it", async () => {
    const api = configMaps();
    expect(await registryOn(api).reserve(wanted)).toEqual({ kind: "reserved" });
    expect(api.data()).toEqual({ "payments-prod.9f86d081884c7d65": "uid-1 2027-01-23T12:00:00.000Z inc-1234" });
  });

  test("is idempotent for the same object, and refuses another one for good", async () => {
    const api = configMaps();
    await registryOn(api).reserve(wanted);
    expect(await registryOn(api).reserve(wanted)).toEqual({ kind: "reserved" });
    expect(await registryOn(api).reserve({ ...wanted, uid: "uid-2" })).toMatchObject({
      kind: "taken",
      by: { uid: "uid-1" },
    });
  });

  test("loses to whoever came between its read and its write", async () => {
    const api = configMaps((stored) => {
      stored.data["payments-prod.9f86d081884c7d65"] = "uid-0 2027-01-23T12:00:00.000Z first";
      stored.version += 1;
    });
    expect(await registryOn(api).reserve(wanted)).toMatchObject({ kind: "taken", by: { uid: "uid-0" } });
  });

  test("goes on when somebody else reserved another id meanwhile, and keeps it", async () => {
    const api = configMaps((stored) => {
      stored.data["payments-prod.other"] = "uid-0 2027-01-23T12:00:00.000Z first";
      stored.version += 1;
    });
    expect(await registryOn(api).reserve(wanted)).toEqual({ kind: "reserved" });
    expect(Object.keys(api.data() ?? {})).toHaveLength(2);
  });

  test("of one object each, of a hundred at once, has one winner", async () => {
    const api = configMaps();
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => registryOn(api).reserve({ ...wanted, uid: `uid-${i}` })),
    );
    expect(results.filter(({ kind }) => kind === "reserved")).toHaveLength(1);
  });
});

describe("whether an approval holds its requestID", () => {
  test("is read, and a yes is remembered", async () => {
    const api = configMaps();
    const registry = registryOn(api);
    await registry.reserve(wanted);
    const before = api.calls.length;
    expect(await registry.holds(wanted)).toBe(true);
    expect(await registry.holds(wanted)).toBe(true);
    expect(api.calls.length - before).toBe(1);
  });

  test("is no for another uid, for another namespace and for an id that nobody reserved", async () => {
    const api = configMaps();
    const registry = registryOn(api);
    expect(await registry.holds(wanted)).toBe(false);
    await registry.reserve(wanted);
    expect(await registry.holds({ ...wanted, uid: "uid-2" })).toBe(false);
    expect(await registry.holds({ ...wanted, namespace: "payments-dev" })).toBe(false);
    expect(await registry.holds(wanted)).toBe(true);
  });
});
