import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AdmissionRequest } from "../../../src/decision/admission-request.ts";
import { changeDigest } from "../../../src/decision/change/change-digest.ts";
import { normalise } from "../../../src/decision/write-request.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import type { Credentials } from "../../control-plane/kubeconfig.ts";
import { type Recorder, recordedUser, startRecorder } from "./recorder.ts";

const salt = "00112233445566778899aabbccddeeff";
const deployments = "/apis/apps/v1/namespaces/default/deployments";

interface Way {
  readonly method?: string;
  readonly type?: string;
  readonly query?: string;
  readonly body?: unknown;
}

interface Stored {
  readonly metadata: { readonly uid: string; readonly [key: string]: unknown };
  readonly spec: { readonly template: { readonly spec: object }; readonly [key: string]: unknown };
}

const container = { name: "web", image: "nginx:1", env: [{ name: "A", value: "1" }] };
const sidecar = { name: "sidecar", image: "proxy:1" };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [sidecar, container] } },
  },
};

describe("the change digest of what a real API server sends", () => {
  const given: { cluster?: ControlPlane; recorder?: Recorder; agent?: Credentials } = {};
  const parts = (): Required<typeof given> => given as Required<typeof given>;

  beforeAll(async () => {
    given.cluster = await startControlPlane();
    given.recorder = await startRecorder(given.cluster);
    given.agent = await given.cluster.clientCertificate({ user: recordedUser, groups: ["system:masters"] });
    await asAdmin("/api/v1/namespaces/default/serviceaccounts", {
      body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
    });
  });
  afterAll(async () => {
    given.recorder?.close();
    await given.cluster?.stop();
  });

  async function asAdmin(path: string, { method, type, body }: Partial<Way>): Promise<unknown> {
    const response = await parts().cluster.request(path, {
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body }),
      ...(type === undefined ? {} : { headers: { "content-type": type } }),
    });
    if (response.status >= 300) throw new Error(`${method ?? ""} ${path}: ${response.status} ${response.text}`);
    return response.json();
  }

  /** What the webhook was asked when the recorded user did this. */
  async function sent(
    path: string,
    { method, type, query = "", body }: Way,
    dryRun: boolean,
  ): Promise<AdmissionRequest> {
    const { cluster, recorder, agent } = parts();
    recorder.take();
    const response = await cluster.request(`${path}?${query}${dryRun ? "&dryRun=All" : ""}`, {
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body }),
      ...(type === undefined ? {} : { headers: { "content-type": type } }),
      credentials: agent,
    });
    expect([response.status < 300, response.text]).toEqual([true, response.text]);
    const [request, ...others] = recorder.take();
    expect(others).toEqual([]);
    if (request === undefined) throw new Error(`no review for ${path}`);
    expect(request.dryRun).toBe(dryRun);
    return request;
  }

  const digest = (request: AdmissionRequest): string => changeDigest(normalise(request), salt);

  /** Digests of the dry run and of the write that follows it. */
  async function both(path: string, way: Way): Promise<readonly string[]> {
    return [digest(await sent(path, way, true)), digest(await sent(path, way, false))];
  }

  describe("an update", () => {
    const changed = { ...container, image: "nginx:2" };
    const reset = async (): Promise<Stored> =>
      (await asAdmin(`${deployments}/web`, {
        method: "PATCH",
        type: "application/merge-patch+json",
        body: { metadata: { annotations: null }, spec: deployment.spec },
      })) as Stored;

    beforeAll(async () => {
      await asAdmin(deployments, { body: deployment });
    });
    beforeEach(async () => {
      await reset();
    });

    test("is one, sent by apply, JSON patch, merge patch, strategic merge patch or PUT, as a dry run or not", async () => {
      const stored = await reset();
      const whole = (stored.spec.template.spec as { readonly containers: readonly object[] }).containers;
      const replaced = whole.map((item) =>
        "name" in item && item.name === "web" ? { ...item, image: "nginx:2" } : item,
      );
      const ways: Record<string, Way> = {
        apply: {
          method: "PATCH",
          type: "application/apply-patch+yaml",
          query: "fieldManager=agent&force=true",
          body: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" },
            spec: { replicas: 3, template: { spec: { containers: [changed] } } },
          },
        },
        "JSON patch": {
          method: "PATCH",
          type: "application/json-patch+json",
          body: [
            { op: "replace", path: "/spec/template/spec/containers/1/image", value: "nginx:2" },
            { op: "replace", path: "/spec/replicas", value: 3 },
          ],
        },
        "merge patch": {
          method: "PATCH",
          type: "application/merge-patch+json",
          query: "fieldValidation=Strict",
          body: { spec: { replicas: 3, template: { spec: { containers: replaced } } } },
        },
        "strategic merge patch": {
          method: "PATCH",
          type: "application/strategic-merge-patch+json",
          query: "fieldManager=other",
          body: { spec: { replicas: 3, template: { spec: { containers: [{ name: "web", image: "nginx:2" }] } } } },
        },
        PUT: {
          method: "PUT",
          body: {
            ...deployment,
            spec: {
              ...deployment.spec,
              replicas: 3,
              template: { ...deployment.spec.template, spec: { containers: [sidecar, changed] } },
            },
          },
        },
      };
      const digests: [string, readonly string[]][] = [];
      for (const [name, way] of Object.entries(ways)) {
        digests.push([name, await both(`${deployments}/web`, way)]);
        await reset();
      }
      const one = digests[0]?.[1][0] ?? "";
      expect(digests).toEqual(Object.keys(ways).map((name) => [name, [one, one]]));
    });

    test("has another digest for another value, and for the same change of an object created anew", async () => {
      const patch = (image: string): Way => ({
        method: "PATCH",
        type: "application/strategic-merge-patch+json",
        body: { spec: { template: { spec: { containers: [{ name: "web", image }] } } } },
      });
      const path = `${deployments}/web`;
      const first = digest(await sent(path, patch("nginx:2"), true));
      expect(digest(await sent(path, patch("nginx:3"), true))).not.toBe(first);
      await asAdmin(path, { method: "DELETE" });
      await asAdmin(deployments, { body: deployment });
      expect(digest(await sent(path, patch("nginx:2"), true))).not.toBe(first);
    });

    test("of the scale is one, by merge patch or PUT, as a dry run or not", async () => {
      const path = `${deployments}/web/scale`;
      const patched = await both(path, {
        method: "PATCH",
        type: "application/merge-patch+json",
        body: { spec: { replicas: 4 } },
      });
      await reset();
      const scale = {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "web", namespace: "default" },
        spec: { replicas: 4 },
      };
      expect(new Set([...patched, ...(await both(path, { method: "PUT", body: scale }))]).size).toBe(1);
    });
  });

  test.each<[string, string, object]>([
    ["a Deployment", deployments, { ...deployment, metadata: { name: "fresh" } }],
    [
      "a ConfigMap with a generated name",
      "/api/v1/namespaces/default/configmaps",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "gen-" }, data: { a: "b" } },
    ],
    [
      "a Job with a generated name",
      "/apis/batch/v1/namespaces/default/jobs",
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { generateName: "migrate-" },
        spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
      },
    ],
    [
      "a Service with its own clusterIP",
      "/api/v1/namespaces/default/services",
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "s" },
        spec: { clusterIP: "None", ports: [{ port: 80 }] },
      },
    ],
    [
      "a token",
      "/api/v1/namespaces/default/serviceaccounts/default/token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
    ],
  ])("creating %s has one digest, as a dry run or not", async (_, path, body) => {
    expect(new Set(await both(path, { body })).size).toBe(1);
  });

  test.each<[string, string, object]>([
    [
      "the addresses of a Service",
      "/api/v1/namespaces/default/services",
      { apiVersion: "v1", kind: "Service", metadata: { name: "any" }, spec: { ports: [{ port: 80 }] } },
    ],
    [
      "the name of a Pod's token volume",
      "/api/v1/namespaces/default/pods",
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "bare" },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
    ],
  ])("is not foretold by a dry run where the API server chooses %s, as the page says", async (_, path, body) => {
    expect(new Set(await both(path, { body })).size).toBe(2);
  });

  test("creating by apply or POST is one change", async () => {
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "b" } };
    const path = "/api/v1/namespaces/default/configmaps";
    const posted = digest(await sent(path, { body: configMap }, true));
    const apply = { method: "PATCH", type: "application/apply-patch+yaml", query: "fieldManager=a", body: configMap };
    expect(await both(`${path}/c`, apply)).toEqual([posted, posted]);
  });

  test("an eviction with options has one digest, as a dry run or not", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await asAdmin(pods, {
      body: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "victim" },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
    });
    const eviction = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: "victim", namespace: "default" },
      deleteOptions: { gracePeriodSeconds: 0 },
    };
    expect(new Set(await both(`${pods}/victim/eviction`, { body: eviction })).size).toBe(1);
  });

  test("a deletion has one digest, as a dry run or not, and another with other options", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    await asAdmin(path, { body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "gone" } } });
    // In a body the API server would look for dryRun as well, and pass over that of the query.
    const way = (propagationPolicy: string): Way => ({
      method: "DELETE",
      query: `propagationPolicy=${propagationPolicy}`,
    });
    const foreground = digest(await sent(`${path}/gone`, way("Foreground"), true));
    const [rehearsed, real] = await both(`${path}/gone`, way("Background"));
    expect(real).toBe(rehearsed);
    expect(real).not.toBe(foreground);
  });
});
