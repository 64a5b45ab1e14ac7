import { agentUserName } from "../../src/api/agents.ts";
import { review } from "../builders/review.ts";
import { agentName, agentUid, placeOf, type Place, type PopulationSpec } from "./population.ts";

/** What a review meets: no rule covers it, no approval names its object, or a live approval covers it. */
export type Scenario = "NoRule" | "NoApproval" | "Approved";

export interface ReviewSpec extends PopulationSpec {
  readonly scenario: Scenario;
  /** Size of the whole AdmissionReview. */
  readonly bytes: number;
}

/** So many different reviews are sent in turn: they meet different approvals. */
const variety = 64;

/** AdmissionReviews of exactly the asked size, as the API server sends them for an UPDATE. */
export function reviewBodies(spec: ReviewSpec): readonly Buffer[] {
  const step = Math.max(1, Math.floor(spec.approvals / variety));
  return Array.from({ length: Math.min(variety, spec.approvals) }, (_, index) =>
    body(placeOf(spec, index * step), spec, index),
  );
}

function body({ agent, namespace, name }: Place, { scenario, bytes }: ReviewSpec, index: number): Buffer {
  const write = (padding: number): Buffer => {
    const resource = scenario === "NoRule" ? "statefulsets" : "deployments";
    const kind = { group: "apps", version: "v1", kind: scenario === "NoRule" ? "StatefulSet" : "Deployment" };
    const objectName = scenario === "NoApproval" ? `other-${index}` : name;
    const object = workload(kind.kind, namespace, objectName, padding, 4);
    const request = review({
      uid: `4e7e1f00-0000-4000-8000-${String(index).padStart(12, "0")}`,
      kind,
      resource: { group: "apps", version: "v1", resource },
      name: objectName,
      namespace,
      userInfo: {
        username: agentUserName({ serviceAccount: { namespace: "agents", name: agentName(agent) } }),
        uid: agentUid(agent),
        groups: ["system:serviceaccounts", "system:serviceaccounts:agents", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": ["JTI=5f0c2c0e-7c1b-4f5e-9a52-3f6f0f1c2d3e"],
          "authentication.kubernetes.io/pod-name": [`${agentName(agent)}-0`],
          "authentication.kubernetes.io/pod-uid": ["0d1f6a52-0000-4000-8000-000000000000"],
        },
      },
      object,
      oldObject: workload(kind.kind, namespace, objectName, padding, 3),
    });
    const text = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
    return Buffer.from(text);
  };
  // Object and old object grow alike, so what is missing is halved; an odd byte goes behind the value as white space.
  const missing = bytes - write(0).length;
  if (missing < 0) throw new Error(`a review takes ${bytes - missing} bytes, more than the ${bytes} asked for`);
  const whole = write(Math.floor(missing / 2));
  return Buffer.concat([whole, Buffer.alloc(bytes - whole.length, " ")]);
}

/** A workload whose environment grows by `padding` bytes in variables of some 80 bytes, as large objects do. */
function workload(kind: string, namespace: string, name: string, padding: number, replicas: number) {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: "7", labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "web", image: "registry.example.com/web:1.2.3", env: variables(padding) }] },
      },
    },
  };
}

function variables(bytes: number): readonly { readonly name: string; readonly value: string }[] {
  const one = 80;
  const empty = JSON.stringify({ name: "VARIABLE_0000", value: "" }).length + 1;
  const list: { name: string; value: string }[] = [];
  for (let left = bytes; left >= empty;) {
    const size = left < one + empty ? left : one;
    list.push({ name: `VARIABLE_${String(list.length).padStart(4, "0")}`, value: "v".repeat(size - empty) });
    left -= size;
  }
  // The first element has no comma before it.
  const [first] = list;
  if (first !== undefined) first.value += "v";
  return list;
}
