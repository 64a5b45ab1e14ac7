/** Writing where Writ's own authority lies, and where other controllers write for their author. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AdmissionRequest } from "../../../src/decision/admission-request.ts";
import { changeDigest } from "../../../src/decision/change/change-digest.ts";
import { normalise } from "../../../src/decision/write-request.ts";
import { eventually, outcome } from "../writ/bench.ts";
import {
  approval,
  approvals,
  botUser,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  mergePatch,
  owner,
  owners,
  patchSpec,
  path,
  rule,
  touch,
} from "../writ/objects.ts";
import { type Arena, approve, attackAndControl, startArena } from "./arena.ts";

let arena: Arena;

const definitions = path("customresourcedefinitions", undefined);
const flux = "kustomize.toolkit.fluxcd.io";

beforeAll(async () => {
  arena = await startArena();
  await arena.addPerson("breaker", "breaker@example.com", ["system:masters", "writ.dev:break-glass"]);
  await arena.must("admin", "POST", definitions, definition("example.com", "widgets", "Widget"));
  await arena.must("admin", "POST", definitions, definition(flux, "kustomizations", "Kustomization"));
  for (const served of ["/apis/example.com/v1/widgets", `/apis/${flux}/v1/kustomizations`]) {
    await eventually(async () => expect((await arena.call("admin", "GET", served)).status).toBe(200));
  }
  await eventually(async () => expect(outcome(await createConfigMap())).toBe("admitted"));
});

afterAll(async () => {
  await arena.cluster.stop();
});

function definition(group: string, plural: string, kind: string): object {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

let serial = 0;
const fresh = (): string => `w-${(serial += 1)}`;
const createConfigMap = (namespace = "payments-prod", who = "bot") =>
  arena.call(who, "POST", configMaps(undefined, namespace), configMap(fresh(), namespace));

describe("B18 an aggregated API server, whose admission is its own", () => {
  test("cannot be registered by the agent; its twin registers one", async () => {
    const register = (who: string) =>
      arena.call(who, "POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
        metadata: { name: "v1.shadow.example.com" },
        spec: {
          group: "shadow.example.com",
          version: "v1",
          groupPriorityMinimum: 1,
          versionPriority: 1,
          insecureSkipTLSVerify: true,
          service: { namespace: "payments-prod", name: "shadow" },
        },
      });
    expect(await attackAndControl(register)).toEqual(["NoRule: create apiservices", "admitted"]);
  });
});

describe("B19 kinds that nobody knew", () => {
  test("are not defined by the agent, nor taken away with all their objects", async () => {
    const define = (who: string) => arena.call(who, "POST", definitions, definition("new.example.com", "news", "News"));
    expect(await attackAndControl(define)).toEqual(["NoRule: create customresourcedefinitions", "admitted"]);
    const remove = (who: string) => arena.call(who, "DELETE", `${definitions}/news.new.example.com`);
    expect(await attackAndControl(remove)).toEqual(["NoRule: delete customresourcedefinitions", "admitted"]);
  });

  test("are reached by no wildcard", async () => {
    const create = (who: string) =>
      arena.call(who, "POST", "/apis/example.com/v1/namespaces/payments-prod/widgets", {
        apiVersion: "example.com/v1",
        kind: "Widget",
        metadata: { name: fresh() },
      });
    expect(await attackAndControl(create)).toEqual(["NoRule: create widgets", "admitted"]);
  });
});

describe("B22 objects whose controllers write for their author", () => {
  const create = (who: string) =>
    arena.call(who, "POST", `/apis/${flux}/v1/namespaces/payments-prod/kustomizations`, {
      apiVersion: `${flux}/v1`,
      kind: "Kustomization",
      metadata: { name: fresh() },
      spec: { path: "./everything", serviceAccountName: "cluster-admin" },
    });

  test("are reached by no wildcard; its twin creates one", async () => {
    expect(await attackAndControl(create)).toEqual(["NoRule: create kustomizations", "admitted"]);
  });

  test("no Low rule may name one, and a High one may (control)", async () => {
    const named = (risk: "Low" | "High") =>
      capability(`deputy-${risk.toLowerCase()}`, {
        rules: [rule("deputy", { risk, apiGroups: [flux], resources: ["kustomizations"] })],
      });
    expect(outcome(await arena.call("bob", "POST", capabilities(), named("Low")))).toBe("LowRiskProtected");
    expect(outcome(await arena.call("bob", "POST", capabilities(), named("High")))).toBe("admitted");
  });
});

describe("B34 the agent's hand in its own approval", () => {
  const refused = /^(NeverGrantable|AgentsMayOnlyRequest|DecisionsAtCreation|NotAPerson)$/;
  const mine = approvals("mine");

  beforeAll(async () => {
    await arena.must("admin", "POST", path("serviceaccounts", "agents"), { metadata: { name: "other" } });
    await arena.must("bot", "POST", approvals(), approval("mine", { capabilityName: "wide" }));
  });

  test.each([
    ["approve it", () => decide(arena, "bot", mine, "Approve", "platform")],
    [
      "say in its status that it lives",
      () => arena.call("bot", "PATCH", `${mine}/status`, { status: { phase: "Live", uses: 0 } }, mergePatch),
    ],
    [
      "hold it back by a finalizer",
      () => arena.call("bot", "PATCH", mine, { metadata: { finalizers: ["example.com/x"] } }, mergePatch),
    ],
    ["delete it", () => arena.call("bot", "DELETE", mine)],
    [
      "file one that is decided",
      () =>
        arena.call(
          "bot",
          "POST",
          approvals(),
          approval(fresh(), {
            capabilityName: "wide",
            decisions: [
              { verdict: "Approve", by: "bob@example.com", ownerName: "platform", at: "2026-01-01T00:00:00Z" },
            ],
          }),
        ),
    ],
    [
      "file one for another agent",
      () =>
        arena.call(
          "bot",
          "POST",
          approvals(),
          approval(fresh(), {
            capabilityName: "wide",
            agent: { serviceAccount: { namespace: "agents", name: "other" } },
          }),
        ),
    ],
    ["widen its capability", () => patchSpec(arena, "bot", capabilities("wide"), { description: "mine" })],
    ["define one", () => arena.call("bot", "POST", capabilities(), capability("mine"))],
    ["join an owner", () => patchSpec(arena, "bot", owners("platform"), { members: [{ user: "bot@example.com" }] })],
    ["be an owner", () => arena.call("bot", "POST", owners(), owner("mine", { members: [{ user: "x@example.com" }] }))],
    ["lift the freeze", () => patchSpec(arena, "bot", owners("cluster"), { suspended: false })],
  ])("it cannot %s", async (_, attempt) => {
    expect(outcome(await attempt())).toMatch(refused);
  });

  test("a member of the policy owner can approve it (control)", async () => {
    expect(outcome(await decide(arena, "bob", mine, "Approve", "platform"))).toBe("admitted");
  });
});

describe("B38 a write in the moment after a rejection", () => {
  test("is denied by the first call after it was acknowledged, each time; before, it was admitted (control)", async () => {
    const rules = [rule("dev", { namespaces: ["payments-dev"] })];
    await arena.grant("racing", "payments-dev", { rules });
    for (let round = 0; round < 5; round++) {
      const name = `racing-${round}`;
      if (round > 0) await approve(arena, "racing", "payments-dev", {}, name);
      await eventually(async () => expect(outcome(await createConfigMap("payments-dev"))).toBe("admitted"));
      const target = approvals(round === 0 ? "racing" : name, "payments-dev");
      const approved = (await arena.must("admin", "GET", target)).json() as {
        readonly spec: { readonly decisions: readonly object[] };
      };
      await arena.must(
        "bob",
        "PATCH",
        target,
        { spec: { decisions: [...approved.spec.decisions, { verdict: "Reject", ownerName: "platform" }] } },
        mergePatch,
      );
      expect(outcome(await createConfigMap("payments-dev"))).toBe("ApprovalRejected");
    }
  });
});

describe("B39 one approval, many writes", () => {
  test("an approval of one exact change admits no other; one without admits all (control)", async () => {
    await arena.must("admin", "POST", configMaps(undefined, "elsewhere"), configMap("exact", "elsewhere"));
    const rules = [rule("here", { namespaces: ["elsewhere"] })];
    const salt = "00112233445566778899aabbccddeeff";
    const stored = (await arena.must("admin", "GET", configMaps("exact", "elsewhere"))).json() as Stored;
    const digest = changeDigest(normalise(update(stored, { ...stored, data: { key: "approved" } })), salt);
    await arena.grant("exact", "elsewhere", { rules, spec: { change: { salt, digest } } });
    const write = (key: string) =>
      arena.call("bot", "PATCH", configMaps("exact", "elsewhere"), { data: { key } }, mergePatch);
    await eventually(async () => expect(outcome(await write("other"))).toBe("ChangeMismatch"));
    expect(outcome(await write("approved"))).toBe("admitted");
    expect(outcome(await write("second"))).toBe("ChangeMismatch");
    expect(outcome(await createConfigMap("elsewhere"))).toBe("ChangeMismatch");
    await arena.grant("inexact", "elsewhere", { rules });
    await eventually(async () => expect(outcome(await write("second"))).toBe("admitted"));
    expect(outcome(await createConfigMap("elsewhere"))).toBe("admitted");
  });
});

type Stored = NonNullable<AdmissionRequest["object"]>;

/** The review of an update of a ConfigMap, as far as its digest depends on it. */
function update(before: Stored, after: Stored): AdmissionRequest {
  return {
    uid: "",
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    resource: { group: "", version: "v1", resource: "configmaps" },
    name: "exact",
    namespace: "elsewhere",
    operation: "UPDATE",
    userInfo: { username: botUser },
    object: after,
    oldObject: before,
    options: { kind: "PatchOptions", apiVersion: "meta.k8s.io/v1" },
  };
}

describe("B47 a false webhook behind Writ's own name", () => {
  const selector = { app: "evil" };
  test.each([
    ["Service", "/api/v1", "services", { spec: { selector, ports: [{ port: 443 }] } }],
    [
      "EndpointSlice",
      "/apis/discovery.k8s.io/v1",
      "endpointslices",
      { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }], ports: [] },
    ],
    ["Secret", "/api/v1", "secrets", { type: "Opaque" }],
    [
      "Deployment",
      "/apis/apps/v1",
      "deployments",
      {
        spec: {
          selector: { matchLabels: selector },
          template: {
            metadata: { labels: selector },
            spec: { automountServiceAccountToken: false, containers: [{ name: "x", image: "example.com/x" }] },
          },
        },
      },
    ],
  ])("no %s in writ-system; who may break the glass can (control)", async (_, root, resource, body) => {
    const target = `${root}/namespaces/writ-system/${resource}`;
    const create = (who: string) => arena.call(who, "POST", target, { ...body, metadata: { name: fresh() } });
    expect(outcome(await create("bot"))).toBe("NeverGrantable");
    expect(outcome(await create("breaker"))).toBe("admitted");
  });
});

describe("B49 the place of the record", () => {
  test.each([
    ["persistentvolumeclaims", "/api/v1/namespaces/writ-system/persistentvolumeclaims"],
    ["statefulsets", "/apis/apps/v1/namespaces/writ-system/statefulsets"],
  ])("%s of writ-system are not deleted; who may break the glass can (control)", async (resource, target) => {
    const labels = { app: "writ" };
    const spec =
      resource === "statefulsets"
        ? {
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: "x", image: "x" }] } },
          }
        : { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    await arena.must("breaker", "POST", target, { metadata: { name: "ledger", finalizers: [] }, spec });
    const remove = (who: string) => arena.call(who, "DELETE", `${target}/ledger`);
    expect(outcome(await remove("bot"))).toBe("NeverGrantable");
    expect(outcome(await arena.call("bot", "DELETE", target))).toBe("NeverGrantable");
    expect(outcome(await remove("breaker"))).toBe("admitted");
  });

  test("nor the volume, which stands in no namespace; its twin can", async () => {
    const volumes = "/api/v1/persistentvolumes";
    await arena.must("admin", "POST", volumes, {
      metadata: { name: "ledger" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/ledger" } },
    });
    const remove = (who: string) => arena.call(who, "DELETE", `${volumes}/ledger`);
    expect(await attackAndControl(remove)).toEqual(["NoRule: delete persistentvolumes", "admitted"]);
  });

  test("nor is the namespace, whatever else is approved", async () => {
    expect(outcome(await arena.call("bot", "DELETE", "/api/v1/namespaces/writ-system"))).toBe("NeverGrantable");
    expect(outcome(await touch(arena, "bot", configMaps("x", "writ-approvals")))).toMatch(
      /^(404 NotFound|NeverGrantable)$/,
    );
  });
});
