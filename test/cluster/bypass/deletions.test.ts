/** Ways to delete without a DELETE, or more than one seems to. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, outcome } from "../writ/bench.ts";
import { configMap, configMaps, mergePatch, path, rule } from "../writ/objects.ts";
import { type Arena, attackAndControl, clusterNamespace, exists, refusal, startArena } from "./arena.ts";

let arena: Arena;

/** The ConfigMaps that may be deleted; everything else in payments-prod may be created and updated alone. */
const names = ["a", "b"];

beforeAll(async () => {
  arena = await startArena({ cluster: { controllerManager: true }, operations: ["CREATE", "UPDATE"] });
  await arena.grant("sweeper", "payments-prod", {
    rules: [
      rule("evict", { operations: ["CREATE"], resources: ["pods/eviction"] }),
      rule("sweep", { operations: ["DELETE"], resourceNames: names }),
    ],
  });
  await arena.grant("evictor", "payments-dev", {
    rules: [
      rule("evict", { operations: ["CREATE"], resources: ["pods/eviction"], namespaces: ["payments-dev"] }),
      rule("delete", { operations: ["DELETE"], resources: ["pods"], namespaces: ["payments-dev"] }),
    ],
  });
  await arena.grant("finish", clusterNamespace, {
    rules: [
      {
        name: "finalize",
        operations: ["UPDATE"],
        apiGroups: [""],
        resources: ["namespaces/finalize"],
        scope: "Cluster",
      },
    ],
  });
  await eventually(async () => {
    const probe = await arena.call("bot", "POST", `${configMaps()}?dryRun=All`, configMap("probe"));
    expect(outcome(probe)).toBe("admitted");
  });
});

afterAll(async () => {
  await arena.cluster.stop();
});

const podIn = (namespace: string, name: string) =>
  arena.must("admin", "POST", path("pods", namespace), {
    metadata: { name },
    spec: { automountServiceAccountToken: false, containers: [{ name, image: "example.com/x" }] },
  });

describe("B10 eviction is a deletion of the pod", () => {
  const evict = (who: string, namespace: string, name: string) =>
    arena.call(who, "POST", path("pods", namespace, `${name}/eviction`), {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
    });

  test("a rule for the subresource does not cover it, and the pod stays; by its twin the pod is gone", async () => {
    await podIn("payments-prod", "web");
    const pod = path("pods", "payments-prod", "web");
    expect(refusal(await evict("bot", "payments-prod", "web"))).toBe("NoRule: delete pods");
    expect(await exists(arena, pod)).toBe(true);
    expect(outcome(await evict("twin", "payments-prod", "web"))).toBe("admitted");
    expect(await exists(arena, pod)).toBe(false);
  });

  test("together with a rule for deleting the pod it is admitted", async () => {
    await podIn("payments-dev", "web");
    await eventually(async () => expect(outcome(await evict("bot", "payments-dev", "web"))).toBe("admitted"));
  });
});

describe("B11 deletecollection deletes each object by its name", () => {
  beforeAll(async () => {
    for (const name of ["a", "b", "c"]) await arena.must("admin", "POST", configMaps(), configMap(name));
  });

  test("an object that no rule names ends it, and stays", async () => {
    expect(refusal(await arena.call("bot", "DELETE", configMaps()))).toBe("NoRule: delete configmaps");
    expect(await exists(arena, configMaps("c"))).toBe(true);
  });

  test("B45 each deletion of one call leaves its own annotation in the audit log", async () => {
    for (const name of names) {
      if (!(await exists(arena, configMaps(name)))) await arena.must("admin", "POST", configMaps(), configMap(name));
    }
    await arena.must("admin", "PATCH", configMaps("a"), { metadata: { labels: { sweep: "yes" } } }, mergePatch);
    await arena.must("admin", "PATCH", configMaps("b"), { metadata: { labels: { sweep: "yes" } } }, mergePatch);
    await arena.must("bot", "DELETE", `${configMaps()}?labelSelector=sweep%3Dyes`);
    await eventually(() => {
      const event = readFileSync(arena.cluster.auditLog, "utf8")
        .split("\n")
        .find((line) => line.includes("sweep%3Dyes"));
      const { annotations } = JSON.parse(event ?? "{}") as { readonly annotations?: Readonly<Record<string, string>> };
      const ours = Object.entries(annotations ?? {}).filter(([key]) => key.startsWith("gate.writ.dev/d."));
      expect([ours.length, new Set(ours.map(([, value]) => value)).size]).toEqual([2, 2]);
    });
  });

  test("its twin deletes all in one call", async () => {
    await arena.must("twin", "DELETE", configMaps());
    expect(await exists(arena, configMaps("c"))).toBe(false);
  });
});

describe("B13 what deletes by an update is a deletion", () => {
  test("removing the last finalizer of an object that is being deleted", async () => {
    const held = { metadata: { name: "held", finalizers: ["example.com/hold"] } };
    await arena.must("admin", "POST", configMaps(), held);
    const release = (who: string) =>
      arena.call(who, "PATCH", configMaps("held"), { metadata: { finalizers: null } }, mergePatch);
    const touch = { metadata: { labels: { touched: "yes" } } };
    expect(outcome(await arena.call("bot", "PATCH", configMaps("held"), touch, mergePatch))).toBe("admitted");
    await arena.must("admin", "DELETE", configMaps("held"));
    expect(refusal(await release("bot"))).toBe("NoRule: delete configmaps");
    expect(await exists(arena, configMaps("held"))).toBe(true);
    expect(outcome(await release("twin"))).toBe("admitted");
    expect(await exists(arena, configMaps("held"))).toBe(false);
  });

  test("finalizing a namespace", async () => {
    await arena.must("admin", "POST", "/api/v1/namespaces", {
      metadata: { name: "closing" },
      spec: { finalizers: ["kubernetes", "example.com/hold"] },
    });
    await arena.must("admin", "DELETE", "/api/v1/namespaces/closing");
    const finalize = async (who: string) => {
      const closing = (await arena.must("admin", "GET", "/api/v1/namespaces/closing")).json() as object;
      return arena.call(who, "PUT", "/api/v1/namespaces/closing/finalize", { ...closing, spec: { finalizers: [] } });
    };
    expect(refusal(await finalize("bot"))).toBe("NoRule: delete namespaces");
    expect(outcome(await finalize("twin"))).toBe("admitted");
    await eventually(async () => expect(await exists(arena, "/api/v1/namespaces/closing")).toBe(false));
  });
});

describe("B23 what the garbage collector deletes for the writer of an owner reference is a deletion", () => {
  const ghost = {
    metadata: {
      ownerReferences: [
        { apiVersion: "v1", kind: "ConfigMap", name: "ghost", uid: "11111111-2222-3333-4444-555555555555" },
      ],
    },
  };

  test("the agent's reference is refused; its twin's has the object collected", async () => {
    for (const name of ["by-bot", "by-twin"]) await arena.must("admin", "POST", configMaps(), configMap(name));
    const orphan = (who: "bot" | "twin") => arena.call(who, "PATCH", configMaps(`by-${who}`), ghost, mergePatch);
    expect(await attackAndControl(orphan)).toEqual(["NoRule: delete configmaps", "admitted"]);
    await eventually(async () => expect(await exists(arena, configMaps("by-twin"))).toBe(false));
    expect(await exists(arena, configMaps("by-bot"))).toBe(true);
  });

  test("so is one that is taken away or changed", async () => {
    const { uid } = (
      (await arena.must("admin", "POST", configMaps(), configMap("owner"))).json() as {
        readonly metadata: { readonly uid: string };
      }
    ).metadata;
    const owned = {
      ...configMap("owned"),
      metadata: { name: "owned", ownerReferences: [{ ...reference("owner"), uid }] },
    };
    await arena.must("admin", "POST", configMaps(), owned);
    const free = (who: string) =>
      arena.call(who, "PATCH", configMaps("owned"), { metadata: { ownerReferences: null } }, mergePatch);
    expect(await attackAndControl(free)).toEqual(["NoRule: delete configmaps", "admitted"]);
  });
});

function reference(name: string): object {
  return { apiVersion: "v1", kind: "ConfigMap", name };
}

describe("B24 deleting a namespace deletes everything in it", () => {
  beforeAll(async () => {
    await arena.must("admin", "POST", "/api/v1/namespaces", { metadata: { name: "doomed" } });
    await arena.must("admin", "POST", configMaps(undefined, "doomed"), configMap("content", "doomed"));
  });

  test("no wildcard reaches namespaces; by its twin namespace and content go", async () => {
    expect(await attackAndControl((who) => arena.call(who, "DELETE", "/api/v1/namespaces/doomed"))).toEqual([
      "NoRule: delete namespaces",
      "admitted",
    ]);
    await eventually(async () => expect(await exists(arena, configMaps("content", "doomed"))).toBe(false));
  });

  test("deletecollection of namespaces is refused too", async () => {
    const response = await arena.call("bot", "DELETE", "/api/v1/namespaces?fieldSelector=metadata.name%3Delsewhere");
    // The API server has no such verb on namespaces for anybody.
    expect([response.status, await exists(arena, "/api/v1/namespaces/elsewhere")]).toEqual([405, true]);
  });
});
