import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { createKubeClient, type KubeClient } from "../../../src/kube/client.ts";
import { listAll } from "../../../src/kube/paged-list.ts";
import { type Reflector, startReflector } from "../../../src/kube/reflector.ts";
import {
  collectionPath,
  type KubeObject,
  objectKey,
  objectPath,
  type ResourceRef,
} from "../../../src/kube/resource.ts";
import { type KubeMetrics, noMetrics } from "../../../src/kube/telemetry.ts";
import { createStore, type Store } from "../../../src/kube/store.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMaps: ResourceRef = { group: "", version: "v1", plural: "configmaps", namespaced: true };
const widgets: ResourceRef = { group: "example.com", version: "v1", plural: "widgets", namespaced: true };
const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

let cluster: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  cluster = await startControlPlane();
  client = await createKubeClient({ kubeconfig: cluster.kubeconfig, context: "admin" });
});

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

async function createNamespace(name: string): Promise<void> {
  await client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
}

async function createConfigMap(namespace: string, name: string, colour: string): Promise<void> {
  await client.request({
    method: "POST",
    path: collectionPath(configMaps, namespace),
    body: { metadata: { name }, data: { colour } },
  });
}

function follow<T extends KubeObject>(
  resource: ResourceRef,
  store: Store<T>,
  namespace: string,
  metrics = noMetrics,
): Reflector {
  const reflector = startReflector({ client, resource, store, namespace, metrics, limits: { backoffMax: 1_000 } });
  onTestFinished(() => reflector.stop());
  return reflector;
}

/** What the API server has, read in pages, as the store should have it. */
async function truth(namespace: string): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(30_000);
  const { objects } = await listAll({
    client,
    resource: configMaps,
    namespace,
    pageSize: 2,
    timeoutMs: 10_000,
    signal,
  });
  return versions(objects);
}

function versions(objects: readonly KubeObject[]): readonly string[] {
  return objects
    .map((object) => `${objectKey(object)} ${object.metadata.uid ?? ""} ${object.metadata.resourceVersion ?? ""}`)
    .sort();
}

describe("a client of a real API server", () => {
  test("reports what the server refuses, and the server's clock", async () => {
    await createNamespace("refusals");
    await createConfigMap("refusals", "one", "red");
    await expect(createConfigMap("refusals", "one", "red")).rejects.toMatchObject({
      status: 409,
      reason: "AlreadyExists",
    });
    await expect(client.get(objectPath(configMaps, "refusals", "two"))).rejects.toMatchObject({
      status: 404,
      reason: "NotFound",
    });
    const { serverDate } = await client.get(objectPath(configMaps, "refusals", "one"));
    expect(Math.abs((serverDate ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("acts as the context says", async () => {
    const carol = await createKubeClient({ kubeconfig: cluster.kubeconfig, context: "carol" });
    onTestFinished(() => carol.close());
    await expect(carol.get(collectionPath(configMaps, "default"))).rejects.toMatchObject({
      status: 403,
      reason: "Forbidden",
    });
  });
});

describe("a reflector of a real API server", () => {
  test("holds what is there and follows every change", async () => {
    await createNamespace("follow");
    await createConfigMap("follow", "before", "red");
    const store = createStore<ConfigMap>({ indexers: { colour: (object) => Object.values(object.data ?? {}) } });
    await follow(configMaps, store, "follow").whenSynced();
    expect(store.get("follow/before")?.data).toEqual({ colour: "red" });

    for (const name of ["a", "b", "c"]) await createConfigMap("follow", name, "blue");
    await client.request({
      method: "PATCH",
      path: objectPath(configMaps, "follow", "before"),
      body: { data: { colour: "blue" } },
      contentType: "application/merge-patch+json",
    });
    await client.request({ method: "DELETE", path: objectPath(configMaps, "follow", "a") });
    await vi.waitFor(async () => expect(versions(store.list())).toEqual(await truth("follow")), { timeout: 10_000 });
    expect(
      store
        .byIndex("colour", "blue")
        .map((object) => objectKey(object))
        .sort(),
    ).toEqual(["follow/b", "follow/before", "follow/c"]);
    expect(store.byIndex("colour", "red")).toEqual([]);
  });

  test("is right again after the API server has been restarted", async () => {
    await createNamespace("restart");
    const store = createStore<ConfigMap>();
    const reflector = follow(configMaps, store, "restart");
    await reflector.whenSynced();
    await createConfigMap("restart", "before", "red");
    await cluster.components.kubeApiserver.restart();
    await createConfigMap("restart", "after", "red");
    await vi.waitFor(async () => expect(versions(store.list())).toEqual(await truth("restart")), { timeout: 30_000 });
    expect(store.size).toBe(2);
    expect(reflector.synced).toBe(true);
  });

  test("waits for a kind that is not installed yet, and distrusts its cache once the kind is gone", async () => {
    const store = createStore();
    const ended: string[] = [];
    const metrics: KubeMetrics = {
      count: (event, labels) => {
        if (event === "watch_ended") ended.push(labels?.["reason"] ?? "");
      },
    };
    const reflector = follow(widgets, store, "default", metrics);
    await vi.waitFor(() => expect(ended).toEqual(["failed", "failed"]), { timeout: 10_000 });
    expect(reflector.synced).toBe(false);

    await client.request({ method: "POST", path: crdPath, body: widgetDefinition() });
    await reflector.whenSynced();
    await client.request({
      method: "POST",
      path: collectionPath(widgets, "default"),
      body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "one" } },
    });
    await vi.waitFor(() => expect(store.get("default/one")).toBeDefined(), { timeout: 10_000 });

    await client.request({ method: "DELETE", path: `${crdPath}/widgets.example.com` });
    await vi.waitFor(() => expect(reflector.synced).toBe(false), { timeout: 30_000 });
  });
});

function widgetDefinition(): unknown {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  };
}
