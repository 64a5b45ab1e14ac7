/** `fields`, `schema` and `change` on a real Deployment: what is judged is the change, not the way in which it is sent. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { changeDigest } from "../../../src/decision/change/change-digest.ts";
import { normalise } from "../../../src/decision/write-request.ts";
import type { JsonObject } from "../../../src/decision/admission-request.ts";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Bench, eventually, outcome, startBench } from "../writ/bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  botUser,
  capabilities,
  capability,
  jsonPatch,
  mergePatch,
  path,
  rule,
} from "../writ/objects.ts";

let bench: Bench;

const web = path("deployments", "payments-prod", "web");
const collection = path("deployments", "payments-prod");
const deployments = {
  operations: ["UPDATE"] as const,
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
};

const initial = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "payments-prod", labels: { app: "web" } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        automountServiceAccountToken: false,
        containers: [
          { name: "sidecar", image: "proxy:1" },
          { name: "web", image: "web:1", env: [{ name: "LEVEL", value: "info" }] },
        ],
      },
    },
  },
};

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench, [
    rule("image", {
      ...deployments,
      operations: ["UPDATE"],
      fields: ["spec.template.spec.containers[name=web].image"],
    }),
    rule("scale", {
      ...deployments,
      operations: ["UPDATE"],
      fields: ["spec.replicas"],
      schema: { properties: { spec: { properties: { replicas: { maximum: 20 } } } } },
    }),
  ]);
  await bench.must("admin", "POST", collection, initial);
  for (const name of ["image", "scale"]) {
    await bench.must("carol", "POST", approvals(), approval(name, { rules: [name] }));
    await approveBoth(bench, approvals(name));
  }
  await eventually(async () => expect(outcome(await replicas(2))).toBe("admitted"));
});

afterAll(async () => {
  await bench.cluster.stop();
});

beforeEach(async () => {
  await reset();
});

const replicas = (count: number) => bench.call("bot", "PATCH", web, { spec: { replicas: count } }, mergePatch);

const read = async (target = web): Promise<JsonObject> =>
  (await bench.must("admin", "GET", target)).json() as JsonObject;

async function reset(): Promise<void> {
  const { metadata } = (await read()) as { readonly metadata: { readonly resourceVersion: string } };
  const { resourceVersion } = metadata;
  await bench.must("admin", "PUT", web, { ...initial, metadata: { ...initial.metadata, resourceVersion } });
}

/** One change of containers, replicas and labels. */
interface Change {
  readonly webImage?: string;
  readonly sidecarImage?: string;
  readonly replicas?: number;
}

type Send = (who: string, change: Change) => Promise<ApiResponse>;

const containersOf = ({ webImage, sidecarImage }: Change): readonly object[] => [
  ...(sidecarImage === undefined ? [] : [{ name: "sidecar", image: sidecarImage }]),
  ...(webImage === undefined ? [] : [{ name: "web", image: webImage }]),
];

/** The change as a part of the object, with the containers that it changes; no empty spec, which an apply would own. */
const partial = (change: Change, containers: readonly object[]): object => {
  const spec = {
    ...(change.replicas === undefined ? {} : { replicas: change.replicas }),
    ...(containers.length === 0 ? {} : { template: { spec: { containers } } }),
  };
  return Object.keys(spec).length === 0 ? {} : { spec };
};

/** Its containers as they will be: a merge patch and a PUT send the whole list. */
const wholeList = (change: Change): readonly object[] =>
  initial.spec.template.spec.containers.map((item) => {
    const image = item.name === "web" ? change.webImage : change.sidecarImage;
    return image === undefined ? item : { ...item, image };
  });

const ways: Readonly<Record<string, Send>> = {
  "server-side apply": (who, change) =>
    bench.call(
      who,
      "PATCH",
      `${web}?fieldManager=agent&force=true`,
      { apiVersion: "apps/v1", kind: "Deployment", ...partial(change, containersOf(change)) },
      { "content-type": "application/apply-patch+yaml" },
    ),
  "JSON patch": (who, change) => {
    const image = (index: number, value: string | undefined): readonly object[] =>
      value === undefined ? [] : [{ op: "replace", path: `/spec/template/spec/containers/${index}/image`, value }];
    const scaled =
      change.replicas === undefined ? [] : [{ op: "replace", path: "/spec/replicas", value: change.replicas }];
    return bench.call(
      who,
      "PATCH",
      web,
      [...image(0, change.sidecarImage), ...image(1, change.webImage), ...scaled],
      jsonPatch,
    );
  },
  "merge patch": (who, change) =>
    bench.call(
      who,
      "PATCH",
      web,
      partial(change, containersOf(change).length === 0 ? [] : wholeList(change)),
      mergePatch,
    ),
  "strategic merge patch": (who, change) =>
    bench.call(who, "PATCH", web, partial(change, containersOf(change)), {
      "content-type": "application/strategic-merge-patch+json",
    }),
  PUT: async (who, change) => {
    const { metadata } = (await read()) as { readonly metadata: { readonly resourceVersion: string } };
    return bench.call(who, "PUT", web, {
      ...initial,
      metadata: { ...initial.metadata, resourceVersion: metadata.resourceVersion },
      spec: {
        ...initial.spec,
        replicas: change.replicas ?? initial.spec.replicas,
        template: {
          ...initial.spec.template,
          spec: { ...initial.spec.template.spec, containers: wholeList(change) },
        },
      },
    });
  },
};

describe.each(Object.entries(ways))("sent by %s", (_, send) => {
  test.each([
    ["the image of the named container", { webImage: "web:2" }, "admitted"],
    ["the image of its neighbour", { sidecarImage: "proxy:evil" }, "FieldNotCovered"],
    ["both images", { webImage: "web:2", sidecarImage: "proxy:evil" }, "FieldNotCovered"],
    ["the replicas within the schema", { replicas: 20 }, "admitted"],
    ["the replicas beyond the schema", { replicas: 21 }, "SchemaViolated"],
    [
      "the replicas, for which one rule is approved, and the image, for which another is",
      { replicas: 3, webImage: "web:2" },
      "FieldNotCovered",
    ],
    ["nothing", {}, "admitted"],
  ] as const)("a change of %s is judged alike", async (__, change, verdict) => {
    expect(outcome(await send("bot", change))).toBe(verdict);
  });

  test("what Writ refuses is otherwise valid (control)", async () => {
    expect(outcome(await send("admin", { webImage: "web:2", sidecarImage: "proxy:evil", replicas: 21 }))).toBe(
      "admitted",
    );
  });
});

describe("the ownership of a container that is not changed", () => {
  interface Managed {
    readonly manager: string;
    readonly fieldsV1: object;
  }
  const managedFields = async (): Promise<readonly Managed[]> =>
    ((await read()) as unknown as { readonly metadata: { readonly managedFields: readonly Managed[] } }).metadata
      .managedFields;

  test("is neither handed to another manager nor reset under a change that is covered", async () => {
    const entries = await managedFields();
    const handed = entries.map((entry) => ({ ...entry, manager: "flux" }));
    for (const moved of [handed, [{}]]) {
      const body = { metadata: { managedFields: moved }, spec: { replicas: 2 } };
      expect(outcome(await bench.call("bot", "PATCH", web, body, mergePatch))).toBe("FieldNotCovered");
      expect(outcome(await bench.call("admin", "PATCH", `${web}?dryRun=All`, body, mergePatch))).toBe("admitted");
    }
    const same = { metadata: { managedFields: entries }, spec: { replicas: 2 } };
    expect(outcome(await bench.call("bot", "PATCH", web, same, mergePatch))).toBe("admitted");
  });

  test("is not taken over by an apply of the value that it has", async () => {
    const apply = { "content-type": "application/apply-patch+yaml" };
    const body = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: { replicas: 2, template: { spec: { containers: [{ name: "sidecar", image: "proxy:1" }] } } },
    };
    const target = `${web}?fieldManager=other&force=true`;
    expect(outcome(await bench.call("bot", "PATCH", target, body, apply))).toBe("FieldNotCovered");
  });
});

describe("the container that a path names", () => {
  test("is found behind another that is put before it, which itself is not covered", async () => {
    const added = { name: "added", image: "x:1" };
    const containers = [added, ...initial.spec.template.spec.containers];
    const insert = await bench.call("bot", "PATCH", web, { spec: { template: { spec: { containers } } } }, mergePatch);
    expect(outcome(insert)).toBe("FieldNotCovered");
    await bench.must("admin", "PATCH", web, { spec: { template: { spec: { containers } } } }, mergePatch);
    const moved = [{ op: "replace", path: "/spec/template/spec/containers/2/image", value: "web:3" }];
    expect(outcome(await bench.call("bot", "PATCH", web, moved, jsonPatch))).toBe("admitted");
    const positions = [{ op: "replace", path: "/spec/template/spec/containers/1/image", value: "proxy:3" }];
    expect(outcome(await bench.call("bot", "PATCH", web, positions, jsonPatch))).toBe("FieldNotCovered");
  });

  test("is not covered when the others only change places", async () => {
    const containers = initial.spec.template.spec.containers.toReversed();
    const swap = await bench.call("bot", "PATCH", web, { spec: { template: { spec: { containers } } } }, mergePatch);
    expect(outcome(swap)).toBe("FieldNotCovered");
  });

  test("nor is one that takes its name", async () => {
    const renamed = [
      { op: "replace", path: "/spec/template/spec/containers/1/name", value: "old" },
      { op: "replace", path: "/spec/template/spec/containers/0/name", value: "web" },
    ];
    expect(outcome(await bench.call("bot", "PATCH", web, renamed, jsonPatch))).toBe("FieldNotCovered");
  });
});

describe("an approval of one exact change", () => {
  const salt = "00112233445566778899aabbccddeeff";
  const here = "payments-dev";
  const target = path("deployments", here, "web");
  const change = { spec: { replicas: 4, template: { spec: { containers: [{ name: "web", image: "web:2" }] } } } };
  const strategic = { "content-type": "application/strategic-merge-patch+json" };

  /** The digest of an update as it is computed from the object before and the answer to a dry run. */
  async function digestOfDryRun(body: object): Promise<string> {
    const oldObject = await read(target);
    const dryRun = await bench.must("admin", "PATCH", `${target}?dryRun=All`, body, strategic);
    const request = normalise({
      uid: "",
      kind: { group: "apps", version: "v1", kind: "Deployment" },
      resource: { group: "apps", version: "v1", resource: "deployments" },
      name: "web",
      namespace: here,
      operation: "UPDATE",
      userInfo: { username: botUser },
      object: dryRun.json() as JsonObject,
      oldObject,
      options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
    });
    return changeDigest(request, salt);
  }

  beforeAll(async () => {
    await bench.must("admin", "POST", path("deployments", here), {
      ...initial,
      metadata: { name: "web", labels: { app: "web" } },
    });
    const rules = [rule("any", { ...deployments, operations: ["UPDATE"], namespaces: [here] })];
    await bench.must("bob", "POST", capabilities(), capability("exact", { rules }));
    const digest = await digestOfDryRun(change);
    await eventually(async () => {
      const request = approval("exact", { capabilityName: "exact", change: { salt, digest } }, here);
      expect(outcome(await bench.call("carol", "POST", approvals(undefined, here), request))).toBe("admitted");
    });
    await approveBoth(bench, approvals("exact", here));
    const later = { spec: { replicas: 5 } };
    await eventually(async () =>
      expect(outcome(await bench.call("bot", "PATCH", target, later, mergePatch))).toBe("ChangeMismatch"),
    );
  });

  test.each([
    ["one more field", { ...change, metadata: { labels: { more: "x" } } }],
    ["one less", { spec: { replicas: 4 } }],
    ["another value", { spec: { ...change.spec, replicas: 5 } }],
    [
      "a neighbour's image",
      { spec: { ...change.spec, template: { spec: { containers: [{ name: "sidecar", image: "x" }] } } } },
    ],
    ["an annotation alone", { metadata: { annotations: { a: "b" } } }],
  ])("refuses %s", async (_, body) => {
    expect(outcome(await bench.call("bot", "PATCH", target, body, strategic))).toBe("ChangeMismatch");
  });

  test("refuses the same change of another object", async () => {
    await bench.must("admin", "POST", path("deployments", here), {
      ...initial,
      metadata: { name: "other", labels: { app: "web" } },
    });
    const other = path("deployments", here, "other");
    expect(outcome(await bench.call("bot", "PATCH", other, change, strategic))).toBe("ChangeMismatch");
  });

  test("refuses it of an object created anew under the same name", async () => {
    const before = await digestOfDryRun(change);
    await bench.must("admin", "DELETE", target);
    await bench.must("admin", "POST", path("deployments", here), {
      ...initial,
      metadata: { name: "web", labels: { app: "web" } },
    });
    expect(await digestOfDryRun(change)).not.toBe(before);
    expect(outcome(await bench.call("bot", "PATCH", target, change, strategic))).toBe("ChangeMismatch");
  });

  test("computed from a dry run admits the write that follows, as a dry run and for good", async () => {
    const digest = await digestOfDryRun(change);
    await bench.must(
      "carol",
      "POST",
      approvals(undefined, here),
      approval("again", { capabilityName: "exact", change: { salt, digest } }, here),
    );
    await approveBoth(bench, approvals("again", here));
    await eventually(async () =>
      expect(outcome(await bench.call("bot", "PATCH", `${target}?dryRun=All`, change, strategic))).toBe("admitted"),
    );
    expect(outcome(await bench.call("bot", "PATCH", target, change, strategic))).toBe("admitted");
    expect(await read(target)).toMatchObject({ spec: { replicas: 4 } });
  });
});
