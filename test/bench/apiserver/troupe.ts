import { agentCapabilities, elevationApprovals, identityOwners } from "../../../src/api/kinds.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { collectionPath, objectPath } from "../../../src/kube/resource.ts";
import type { Installation } from "../../builders/installation.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { create, createApproved, inParallel, send } from "../fill.ts";
import { approveRequest, castMember, configMapName, configMapsEach, type Member, requestOf } from "./cast.ts";
import { type CellName, governedCells, manyAgents } from "./plan.ts";
import type { Writer } from "./write-load.ts";

/** The accounts that write, with all that makes their writes allowed, counted, denied or none of Writ's business. */
export interface Troupe {
  /** Writers by agent, as `lanesOf` takes them. */
  readonly writersOf: (cell: CellName, agents: number) => readonly (readonly Writer[])[];
  /** Why this version of Writ counts no uses; undefined where it does. */
  readonly uncounted: string | undefined;
  /** Uses of all counted approvals so far, as their status says. */
  readonly uses: () => Promise<number>;
}

/** Longer than a run. */
const tokenSeconds = 24 * 3600;
/** A namespace whose accounts Writ does not govern. */
const otherNamespace = "tools";
const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** Needs an API server without webhooks: the approvals get decisions that Writ did not stamp at the time. */
export async function hireTroupe(cluster: ControlPlane, installation: Installation): Promise<Troupe> {
  await send(cluster, "POST", "/api/v1/namespaces", { metadata: { name: otherNamespace } });
  await send(cluster, "POST", `${rbac}/clusterroles`, {
    metadata: { name: "bench-writer" },
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "patch", "update"] }],
  });
  const members = Array.from({ length: manyAgents }, (_, index) => castMember(index, installation));
  const hired = await Promise.all(members.map((member) => hire(cluster, member)));
  const approveAll = (kind: "allow" | "counted"): Promise<unknown> =>
    Promise.all(
      hired.map(({ member, uid }) =>
        createApproved(cluster, [requestOf(member, kind, uid)], (created) =>
          approveRequest(created, member, installation),
        ),
      ),
    );
  await approveAll("allow");
  const uncounted = await whyUncounted(cluster, hired[0]);
  if (uncounted === undefined) await approveAll("counted");
  return {
    writersOf: (cell, agents) => hired.slice(0, agents).map((one) => writersOf(one, cell)),
    uncounted,
    uses: async () => {
      const counts = await Promise.all(hired.map(({ member }) => usesOf(cluster, member)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

interface Hired {
  readonly member: Member;
  readonly uid: string;
  readonly agentToken: string;
  readonly otherToken: string;
}

async function hire(cluster: ControlPlane, member: Member): Promise<Hired> {
  const { name, namespace, owners, capability } = member;
  await send(cluster, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  const account = async (home: string): Promise<{ readonly uid: string; readonly token: string }> => {
    const path = `/api/v1/namespaces/${home}/serviceaccounts`;
    const created = await send(cluster, "POST", path, { metadata: { name } });
    const { uid } = (created as { readonly metadata: { readonly uid: string } }).metadata;
    const token = await cluster.token({ namespace: home, serviceAccount: name, expirationSeconds: tokenSeconds });
    return { uid, token };
  };
  const agent = await account("agents");
  const other = await account(otherNamespace);
  await send(cluster, "POST", `${rbac}/namespaces/${namespace}/rolebindings`, {
    metadata: { name: "bench-writer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "bench-writer" },
    subjects: ["agents", otherNamespace].map((home) => ({ kind: "ServiceAccount", namespace: home, name })),
  });
  for (const owner of owners) await create(cluster, identityOwners, owner);
  await create(cluster, agentCapabilities, capability);
  const names = governedCells.flatMap((cell) =>
    Array.from({ length: configMapsEach }, (_, index) => configMapName(cell, index)),
  );
  await inParallel(names, (configMap) =>
    send(cluster, "POST", `/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: configMap },
      data: { count: "0" },
    }),
  );
  return { member, uid: agent.uid, agentToken: agent.token, otherToken: other.token };
}

async function usesOf(cluster: ControlPlane, { namespace }: Member): Promise<number> {
  const found = await send(cluster, "GET", objectPath(elevationApprovals, namespace, "counted"), undefined);
  return (found as ElevationApproval).status?.uses ?? 0;
}

/** What the API server says against `maxUses` (a dry run). @throws when it refuses for another reason. */
async function whyUncounted(cluster: ControlPlane, hired: Hired | undefined): Promise<string | undefined> {
  if (hired === undefined) return "nobody writes";
  const { member, uid } = hired;
  const { namespace, name } = member;
  const { apiVersion, kind, spec } = requestOf(member, "counted", uid);
  const path = collectionPath(elevationApprovals, namespace);
  const response = await cluster.request(`${path}?dryRun=All`, {
    body: { apiVersion, kind, metadata: { name }, spec },
  });
  if (response.status < 300) return undefined;
  const refusal = /maxUses is not enforced[^"]*?refused/.exec(response.text)?.[0];
  if (refusal === undefined) throw new Error(`no counted approval: ${response.status} ${response.text}`);
  return refusal;
}

function writersOf({ member, agentToken, otherToken }: Hired, cell: CellName): readonly Writer[] {
  const token = cell === "ungoverned" ? otherToken : agentToken;
  // Of the writes that are allowed later.
  const subject = cell === "floor" || cell === "yes" ? "allow" : cell;
  return Array.from({ length: configMapsEach }, (_, index) => ({
    token,
    path: `/api/v1/namespaces/${member.namespace}/configmaps/${configMapName(subject, index)}`,
  }));
}
