import { describe, expect, test } from "vitest";
import type { AgentCapabilityRule } from "../../../../src/api/types.gen.ts";
import type { JsonObject, JsonValue } from "../../../../src/decision/admission-request.ts";
import { serverManagedPaths } from "../../../../src/decision/change/server-managed.ts";
import { formatFieldPath } from "../../../../src/api/field-path.ts";
import { rule } from "../../../builders/capability.ts";
import { judge } from "../../../builders/judge.ts";
import { under } from "../effects/under.ts";
import { resourceOf } from "../effects/effect-text.ts";
import { isRecord } from "./naive-changes.ts";

const kubectl: readonly JsonObject[] = [{ manager: "kubectl", operation: "Update" }];

const web: JsonObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    uid: "u",
    generation: 1,
    resourceVersion: "1",
    annotations: { "example.com/by.whom": "x", plain: "y" },
    managedFields: kubectl,
  },
  spec: {
    replicas: 1,
    template: {
      spec: {
        automountServiceAccountToken: false,
        containers: [
          { name: "web", image: "web:1", ports: [{ containerPort: 80, protocol: "TCP" }] },
          { name: "log", image: "log:1", args: ["-v"] },
        ],
      },
    },
  },
};

/** The object with a value in place of what stands at `place`, or without it. */
function edit(object: JsonObject, place: readonly (string | number)[], value?: JsonValue): JsonObject {
  const [step, ...rest] = place;
  const set = (inner: JsonValue | undefined): JsonValue | undefined => {
    if (rest.length === 0) return value;
    if (Array.isArray(inner)) {
      const [index, ...deeper] = rest as [number, ...string[]];
      const list = inner as readonly JsonObject[];
      return list.with(index, edit(list[index] ?? {}, deeper, value));
    }
    return edit(isRecord(inner) ? inner : {}, rest, value);
  };
  const name = String(step);
  const next = set(object[name]);
  return Object.fromEntries([
    ...Object.entries(object).filter(([key]) => key !== name),
    ...(next === undefined ? [] : [[name, next] as const]),
  ]);
}

/** The verdict on an update by the only rule, which lets change these fields. */
function verdict(
  fields: readonly string[],
  object: JsonObject,
  oldObject = web,
  more: Partial<AgentCapabilityRule> = {},
): string {
  const rules = [rule("edit", { fields, apiVersions: ["v1"], ...more })];
  return judge({ ...under({ rules }), review: { object, oldObject } }).code;
}

const image = "spec.template.spec.containers[name=web].image";
const containers = ["spec", "template", "spec", "containers"] as const;
const list = [
  { name: "web", image: "web:2", ports: [{ containerPort: 80, protocol: "TCP" }] },
  { name: "log", image: "log:1", args: ["-v"] },
];
const [newWeb, log] = list;

describe("fields", () => {
  test.each<[string, readonly string[], JsonObject, string]>([
    ["the field", ["spec.replicas"], edit(web, ["spec", "replicas"], 2), "Approved"],
    ["one of several", ["spec.paused", "spec.replicas"], edit(web, ["spec", "replicas"], 2), "Approved"],
    ["another field", ["spec.replicas"], edit(web, ["spec", "paused"], true), "FieldNotCovered"],
    [
      "the field and another",
      ["spec.replicas"],
      edit(edit(web, ["spec", "replicas"], 2), ["spec", "paused"], true),
      "FieldNotCovered",
    ],
    ["a field that begins alike", ["spec.rep"], edit(web, ["spec", "replicas"], 2), "FieldNotCovered"],
    ["what lies below", ["spec"], edit(web, [...containers, 0, "image"], "web:2"), "Approved"],
    ["removal", ["spec.replicas"], edit(web, ["spec", "replicas"]), "Approved"],
    ["removal of what holds it and more", ["spec.replicas"], edit(web, ["spec"]), "FieldNotCovered"],
    [
      "an annotation with dots",
      ['metadata.annotations["example.com/by.whom"]'],
      edit(web, ["metadata", "annotations", "example.com/by.whom"], "z"),
      "Approved",
    ],
    [
      "an annotation whose path was meant with dots",
      ["metadata.annotations.example.com/by.whom"],
      edit(web, ["metadata", "annotations", "example.com/by.whom"], "z"),
      "FieldNotCovered",
    ],
    [
      "another annotation",
      ['metadata.annotations["example.com/by.whom"]'],
      edit(web, ["metadata", "annotations", "plain"], "z"),
      "FieldNotCovered",
    ],
    ["no change at all", ["spec.replicas"], web, "Approved"],
    [
      "a field path that cannot be read covers nothing",
      ["spec.*", "spec[", "", "*"],
      edit(web, ["spec", "replicas"], 2),
      "FieldNotCovered",
    ],
  ])("%s", (_, fields, object, code) => {
    expect(verdict(fields, object)).toBe(code);
  });

  test.each<[string, JsonValue, string]>([
    ["a new image", list, "Approved"],
    ["a new image behind a new container in front", [{ name: "new" }, ...list], "FieldNotCovered"],
    [
      "an added sidecar",
      [{ ...newWeb, image: "web:1" }, log ?? {}, { name: "sidecar", image: "evil" }],
      "FieldNotCovered",
    ],
    ["a removed container", [newWeb ?? {}], "FieldNotCovered"],
    [
      "a container that takes the place of another",
      [
        { ...newWeb, name: "log" },
        { ...log, name: "web" },
      ],
      "FieldNotCovered",
    ],
    ["another order alone", [log ?? {}, { ...newWeb, image: "web:1" }], "FieldNotCovered"],
    ["another order and a new image", [log ?? {}, newWeb ?? {}], "FieldNotCovered"],
    ["two containers of the name", [...list, { name: "web", image: "evil" }], "FieldNotCovered"],
    [
      "the image of the other",
      [
        { ...newWeb, image: "web:1" },
        { ...log, image: "evil" },
      ],
      "FieldNotCovered",
    ],
    ["a port of the container", [{ ...newWeb, image: "web:1", ports: [] }, log ?? {}], "FieldNotCovered"],
    ["no list", "web:2", "FieldNotCovered"],
  ])(`${image}: %s`, (_, value, code) => {
    expect(verdict([image], edit(web, containers, value))).toBe(code);
  });

  test("follow the container to wherever it stands", () => {
    const before = edit(web, containers, list.toReversed());
    const after = edit(before, containers, [log ?? {}, { ...newWeb, image: "web:3" }]);
    expect(verdict([image], after, before)).toBe("Approved");
  });

  test("that name a container to come let it come, if they name all of it", () => {
    const added = edit(web, containers, [{ ...newWeb, image: "web:1" }, log ?? {}, { name: "debug", image: "sh" }]);
    expect(verdict(["spec.template.spec.containers[name=debug]"], added)).toBe("Approved");
    expect(verdict(["spec.template.spec.containers[name=debug].image"], added)).toBe("FieldNotCovered");
  });

  test("take no notice of these paths, and no others", () => {
    const names = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
    expect(serverManagedPaths.map(formatFieldPath)).toEqual(names.map((name) => `metadata.${name}`));
  });

  const silent = serverManagedPaths.map(formatFieldPath).filter((path) => path !== "metadata.managedFields");
  test.each(silent)("take no notice of %s", (path) => {
    const [, name = ""] = path.split(".");
    const moved = edit(edit(web, ["spec", "replicas"], 2), ["metadata", name], "moved");
    expect(verdict(["spec.replicas"], moved)).toBe("Approved");
    expect(verdict(["spec.replicas"], edit(web, ["metadata", name]))).toBe("Approved");
  });

  test("take notice of metadata.managedFields where they move the ownership of what stays the same", () => {
    const scaled = edit(web, ["spec", "replicas"], 2);
    const booked = (fieldsV1: JsonObject): JsonObject =>
      edit(scaled, ["metadata", "managedFields"], [...kubectl, { manager: "flux", operation: "Apply", fieldsV1 }]);
    const honest = booked({ "f:spec": { "f:replicas": {} } });
    const moving = booked({ "f:spec": { "f:replicas": {}, "f:paused": {} } });
    expect(verdict(["spec.replicas"], honest)).toBe("Approved");
    expect(verdict(["spec.replicas"], moving)).toBe("FieldNotCovered");
    expect(verdict(["spec.replicas", "metadata.managedFields"], moving)).toBe("Approved");
    expect(judge({ ...under({ rules: [rule("edit")] }), review: { object: moving, oldObject: web } }).code).toBe(
      "Approved",
    );
  });

  test.each(["finalizers", "ownerReferences", "labels", "annotations", "deletionTimestamp", "name", "generateName"])(
    "take notice of metadata.%s",
    (name) => {
      const moved = edit(web, ["metadata", name], { x: "moved" });
      expect(verdict(["spec.replicas"], moved)).not.toBe("Approved");
    },
  );

  test("of the status count where the status is written", () => {
    const resource = resourceOf("apps/deployments/status");
    const rules = [
      rule("status", { resources: ["deployments/status"], fields: ["status.conditions"], apiVersions: ["v1"] }),
    ];
    const conditions = (status: string): JsonObject => ({ status: { conditions: [{ type: "Ready", status }] } });
    const judged = (object: JsonObject): string =>
      judge({ ...under({ rules }), review: { ...resource, object, oldObject: conditions("True") } }).code;
    expect(judged(conditions("False"))).toBe("Approved");
    expect(judged({ ...conditions("False"), spec: { replicas: 1 } })).toBe("FieldNotCovered");
  });

  test("of a scale are those of the Scale object, which has its parent's replicas", () => {
    const rules = [
      rule("scale", {
        resources: ["deployments", "deployments/scale"],
        fields: ["spec.replicas"],
        apiVersions: ["v1"],
      }),
    ];
    const scale = (replicas: number): JsonObject => ({ kind: "Scale", spec: { replicas }, status: { replicas: 1 } });
    expect(
      judge({
        ...under({ rules }),
        review: { ...resourceOf("apps/deployments/scale"), object: scale(3), oldObject: scale(1) },
      }).code,
    ).toBe("Approved");
  });

  test("bind to a version: the agent does not choose in which it is judged", () => {
    expect(verdict(["spec.replicas"], edit(web, ["spec", "replicas"], 2), web, { apiVersions: ["v2"] })).toBe("NoRule");
  });

  test("cover an update and nothing else", () => {
    const rules = [rule("edit", { operations: ["CREATE", "UPDATE", "DELETE"], fields: ["spec"], apiVersions: ["v1"] })];
    const scene = under({ rules });
    expect(judge({ ...scene, review: { operation: "CREATE", object: { spec: {} }, oldObject: null } }).code).toBe(
      "NoRule",
    );
    expect(judge({ ...scene, review: { operation: "DELETE", object: null, oldObject: web } }).code).toBe("NoRule");
  });
});

/** RFC 7386. */
function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isRecord(patch)) return patch;
  const result = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, mergePatch(result.get(name), value));
  }
  return Object.fromEntries(result);
}

describe("the way in which a change is sent makes no difference", () => {
  const reordered = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(reordered);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, inner]) => [name, reordered(inner)]),
    );
  };
  /** The object that results, however it came about. Server-side apply books the fields, the others do not. */
  const ways: readonly (readonly [string, (object: JsonObject) => JsonObject])[] = [
    ["PUT with members in another order", (object) => reordered(object) as JsonObject],
    ["JSON merge patch", (object) => mergePatch(web, { spec: object["spec"] ?? null }) as JsonObject],
    ["JSON patch", (object) => edit(web, ["spec"], object["spec"])],
    [
      "server-side apply",
      (object) =>
        edit(
          object,
          ["metadata", "managedFields"],
          [...kubectl, { manager: "agent", operation: "Apply", fieldsV1: object === web ? {} : { "f:spec": {} } }],
        ),
    ],
  ];
  const changes: readonly (readonly [string, JsonObject, string])[] = [
    ["what is allowed", edit(web, [...containers, 0, "image"], "web:2"), "Approved"],
    ["what is not allowed", edit(web, [...containers, 1, "image"], "log:2"), "FieldNotCovered"],
    ["nothing", web, "Approved"],
    ["the removal of a container", edit(web, containers, list.slice(0, 1)), "FieldNotCovered"],
  ];
  test.each(
    ways.flatMap(([way, send]) => changes.map(([what, object, code]) => [way, what, send(object), code] as const)),
  )("%s: %s", (_way, _what, object, code) => {
    expect(verdict([image], object)).toBe(code);
  });
});

test("a denial names the first field that is not covered, and what may change", () => {
  const rules = [rule("edit", { fields: ["spec.replicas"], apiVersions: ["v1"] })];
  const object = edit(web, [...containers, 1, "args"], ["-q"]);
  const result = judge({ ...under({ rules }), review: { object, oldObject: web } });
  expect(result).toMatchObject({ kind: "deny", code: "FieldNotCovered", nearest: { rule: "edit", missed: "fields" } });
  expect(result.kind === "deny" && result.message).toContain(
    "lets change spec.replicas only, and this changes spec.template.spec.containers[name=log].args",
  );
  expect(result).toMatchObject({ evaluated: { changedPaths: ["spec.template.spec.containers[name=log].args"] } });
});
