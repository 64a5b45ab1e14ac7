/** Ways past the gate itself: its configuration, its absence, what it is shown. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import type { KeyPairPem } from "../../control-plane/control-plane.ts";
import { sendRequest } from "../../control-plane/request.ts";
import { eventually, outcome } from "../writ/bench.ts";
import { configMap, configMaps, deployment, jsonPatch, mergePatch, path, rule } from "../writ/objects.ts";
import { type Arena, attackAndControl, refusal, startArena } from "./arena.ts";

let arena: Arena;

const webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const policies = "/apis/admissionregistration.k8s.io/v1";
const autoscalers = (version: string, name: string): string =>
  `/apis/autoscaling/${version}/namespaces/payments-dev/horizontalpodautoscalers/${name}`;

beforeAll(async () => {
  arena = await startArena();
  // Who may change the gate even where guard policies stand before it.
  await arena.addPerson("breaker", "breaker@example.com", ["system:masters", "writ.dev:break-glass"]);
  await arena.must("admin", "POST", configMaps(undefined, "payments-dev"), configMap("settings", "payments-dev"));
  await arena.must("admin", "POST", "/apis/autoscaling/v2/namespaces/payments-dev/horizontalpodautoscalers", {
    metadata: { name: "web" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      maxReplicas: 3,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
    },
  });
  await arena.must("admin", "POST", path("deployments", "payments-prod"), deployment("web"));
  await arena.grant("narrow", "payments-dev", {
    rules: [
      rule("key", {
        operations: ["UPDATE"],
        apiVersions: ["v1"],
        namespaces: ["payments-dev"],
        fields: ["data.key"],
      }),
      rule("autoscale", {
        operations: ["UPDATE"],
        apiGroups: ["autoscaling"],
        apiVersions: ["v2"],
        resources: ["horizontalpodautoscalers"],
        namespaces: ["payments-dev"],
        fields: ["spec.maxReplicas"],
      }),
    ],
  });
  await eventually(async () => expect(outcome(await patchSettings('{"data":{"key":"first"}}'))).toBe("admitted"));
});

afterAll(async () => {
  await arena.cluster.stop();
});

const patchSettings = (body: string, who = "bot") =>
  arena.call(who, "PATCH", configMaps("settings", "payments-dev"), body, mergePatch);

let serial = 0;
const fresh = (): string => `g-${(serial += 1)}`;

/** Changes the gate's configuration for a while. */
async function withGate(patch: readonly object[], undo: readonly object[], run: () => Promise<void>): Promise<void> {
  const apply = (operations: readonly object[]) =>
    arena.must("breaker", "PATCH", `${webhooks}/writ-gate`, operations, jsonPatch);
  await apply(patch);
  try {
    await run();
  } finally {
    await apply(undo);
  }
}

describe("B04 selectors", () => {
  const labelled = (name: string): object => ({
    metadata: { name, labels: { skip: "yes", "admission.writ.dev/ignore": "yes" } },
  });
  const create = () => arena.call("bot", "POST", configMaps(undefined, "elsewhere"), labelled(fresh()));

  test("there are none, so that no label of object or namespace matters; with one a label does (control)", async () => {
    const { items } = (await arena.must("admin", "GET", webhooks)).json() as {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly webhooks: readonly { readonly namespaceSelector: object; readonly objectSelector: object }[];
      }[];
    };
    const ours = items.filter(({ metadata }) => metadata.name.startsWith("writ-"));
    const selectors = ours.flatMap((item) => item.webhooks.flatMap((w) => [w.namespaceSelector, w.objectSelector]));
    expect(new Set(selectors.map((selector) => JSON.stringify(selector)))).toEqual(new Set(["{}"]));
    await arena.must("admin", "PATCH", path("namespaces", undefined, "elsewhere"), labelled("elsewhere"), mergePatch);
    expect(outcome(await create())).toBe("NoRule");
    const selector = "/webhooks/0/objectSelector";
    await withGate(
      [{ op: "add", path: selector, value: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] } }],
      [{ op: "remove", path: selector }],
      () => eventually(async () => expect(outcome(await create())).toBe("admitted")),
    );
    await eventually(async () => expect(outcome(await create())).toBe("NoRule"));
  });
});

describe("B07 user names at the edge of the match conditions", () => {
  const attempt = async (user: string, groups: readonly string[] = []): Promise<string> => {
    await arena.addPerson(user, user, ["system:masters", ...groups]);
    return outcome(await arena.call(user, "POST", configMaps(undefined, "elsewhere"), configMap(fresh(), "elsewhere")));
  };

  test.each([
    ["system:serviceaccount:agents:other"],
    ["system:serviceaccount:agents:"],
    ["system:serviceaccount:agents:a:b"],
    ["system:serviceaccount:agents"],
  ])("%s is governed", async (user) => {
    expect(await attempt(user)).toBe("NoIdentityOwner");
  });

  test("so is anybody in the agents' group, by whatever name", async () => {
    expect(await attempt("system:serviceaccount:elsewhere:x", ["writ.dev:agents"])).toBe("NoIdentityOwner");
    expect(await attempt("mallory@example.com", ["writ.dev:agents"])).toBe("NoIdentityOwner");
  });

  test.each([["system:serviceaccount:agents-b:x"], ["system:serviceaccount:"], ["agents"], ["x:y:agents:z"]])(
    "%s is not, and no condition locks it out (control)",
    async (user) => {
      expect(await attempt(user)).toBe("admitted");
    },
  );
});

describe("B08 another version of the same object", () => {
  const patch = (who: string, version: string) =>
    arena.call(who, "PATCH", autoscalers(version, "web"), { spec: { maxReplicas: (serial += 1) + 5 } }, mergePatch);

  test("is judged as what was sent: a rule for v2 covers no v1, in which other fields stand elsewhere", async () => {
    expect(outcome(await patch("bot", "v2"))).toBe("admitted");
    expect(await attackAndControl((who) => patch(who, "v1"))).toEqual([
      "NoRule: update horizontalpodautoscalers",
      "admitted",
    ]);
  });
});

describe("B42 mutation after what was approved", () => {
  test("is judged with the write: a field that a policy adds is not covered; before, the write was (control)", async () => {
    const key = (value: string) => patchSettings(JSON.stringify({ data: { key: value } }));
    expect(outcome(await key("before"))).toBe("admitted");
    await arena.must("breaker", "POST", `${policies}/mutatingadmissionpolicies`, {
      metadata: { name: "adder" },
      spec: {
        failurePolicy: "Fail",
        reinvocationPolicy: "Never",
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["configmaps"] }],
        },
        mutations: [
          {
            patchType: "JSONPatch",
            jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data/added", value: "by a policy"}]' },
          },
        ],
      },
    });
    await arena.must("breaker", "POST", `${policies}/mutatingadmissionpolicybindings`, {
      metadata: { name: "adder" },
      spec: { policyName: "adder" },
    });
    await eventually(async () => expect(outcome(await key(fresh()))).toBe("FieldNotCovered"));
    await arena.must("breaker", "DELETE", `${policies}/mutatingadmissionpolicybindings/adder`);
    await eventually(async () => expect(outcome(await key(fresh()))).toBe("admitted"));
  });
});

describe("B43 rehearsing", () => {
  test("a dry run has the verdict of the write and leaves nothing; the write is recorded (control)", async () => {
    const attempt = async (name: string, query: string): Promise<readonly [string, number]> => {
      const target = `${configMaps(undefined, "elsewhere")}${query}`;
      const verdict = refusal(await arena.call("bot", "POST", target, configMap(name, "elsewhere")));
      return [verdict, (await recordedNames()).filter((recorded) => recorded === name).length];
    };
    expect(await attempt("rehearsed", "?dryRun=All")).toEqual(["NoRule: create configmaps", 0]);
    expect(await attempt("meant", "")).toEqual(["NoRule: create configmaps", 1]);
  });
});

async function recordedNames(): Promise<readonly unknown[]> {
  const names = [];
  for await (const { entry } of readLedger(arena.writ.ledgerDir)) {
    names.push((entry.spec["object"] as { readonly name?: string } | undefined)?.name);
  }
  return names;
}

describe("B44 big and odd bodies", () => {
  test.each([
    ["a key of JavaScript's own", '{"data":{"__proto__":"x"}}'],
    ["another", '{"data":{"constructor":"x"}}'],
    ["the good key beside a bad one", '{"data":{"key":"y","other":"x"}}'],
    ["a repeated member, of which the API server takes the last", '{"data":{"key":"z"},"data":{"again":"x"}}'],
  ])("%s is a field like others", async (_, body) => {
    expect(outcome(await patchSettings(body))).toBe("FieldNotCovered");
    expect(outcome(await patchSettings(body, "twin"))).toBe("admitted");
  });

  test("a megabyte in the covered field is admitted, and beyond the API server's limit nothing arrives", async () => {
    const sized = (bytes: number) => patchSettings(JSON.stringify({ data: { key: "x".repeat(bytes) } }));
    expect(outcome(await sized(1_000_000))).toBe("admitted");
    expect((await sized(4_000_000)).status).toBe(413);
    expect(outcome(await patchSettings('{"data":{"key":"small again"}}'))).toBe("admitted");
  });

  test("a number that JavaScript cannot hold is no number to decide on", async () => {
    // int64 in core/v1: what is written would not be what was judged.
    const body = '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":9223372036854775807}}}}';
    const patch = (who: string) =>
      arena.call(who, "PATCH", path("deployments", "payments-prod", "web"), body, mergePatch);
    expect(await attackAndControl(patch)).toEqual(["MalformedReview", "admitted"]);
  });
});

describe("B46 asking the gate directly", () => {
  const review = (uid: string): object => ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      name: `asked-by-${uid}`,
      namespace: "payments-prod",
      operation: "CREATE",
      userInfo: { username: "system:serviceaccount:agents:payments-bot", groups: ["system:authenticated"] },
      object: configMap(`asked-by-${uid}`),
    },
  });
  const ask = async (uid: string, credentials: KeyPairPem | undefined) => {
    const response = await sendRequest(
      `${arena.writ.gateUrl}?timeout=5s`,
      credentials,
      { ca: arena.writ.webhookCa },
      { body: review(uid) },
    );
    const { status } = (response.json() as { readonly response: { readonly status?: { readonly message?: string } } })
      .response;
    return [/^\w+/.exec(status?.message ?? "")?.[0], (await recordedNames()).includes(`asked-by-${uid}`)];
  };

  test("who is not the API server gets no verdict and leaves no entry; the API server does (control)", async () => {
    const admin = await arena.cluster.clientCertificate({ user: "admin", groups: ["system:masters"] });
    expect(await ask("nobody", undefined)).toEqual(["CallerNotAuthenticated", false]);
    expect(await ask("admin", admin)).toEqual(["CallerNotAuthenticated", false]);
    expect(await ask("apiserver", arena.cluster.webhookClient.credentials)).toEqual(["AgentUidMismatch", true]);
  });
});

describe("B06 a dead gate", () => {
  test("denies; where it is told to be ignored it admits (control)", async () => {
    const create = () => arena.call("bot", "POST", configMaps(), configMap(fresh()));
    expect(outcome(await create())).toBe("admitted");
    await arena.writ.webhook.kill("SIGKILL");
    expect(outcome(await create())).toBe("500 InternalError");
    const policy = (value: string): readonly object[] => [{ op: "replace", path: "/webhooks/0/failurePolicy", value }];
    await withGate(policy("Ignore"), policy("Fail"), () =>
      eventually(async () => expect(outcome(await create())).toBe("admitted")),
    );
    await eventually(async () => expect(outcome(await create())).toBe("500 InternalError"));
    await arena.writ.webhook.restart();
    await eventually(async () => expect(outcome(await create())).toBe("admitted"));
  });
});
