import { agentUserName } from "../api/agents.ts";
import type { Effect } from "../api/effect.ts";
import type { ElevationApproval } from "../api/types.gen.ts";

/**
 * Keys that lead from a write to the approvals that might let it pass: `agent` to all of an agent in a namespace,
 * `target` to those whose targets may leave the object in. Whoever looks up checks what it finds, so two things that
 * share a key cost time and nothing else; an approval without the key of its target would be lost.
 */
export function agentKey(agent: string, namespace: string): string {
  return `${namespace}\n${agent}`;
}

/** A target with more names than this is found by its resource: hostile approvals must not fill the index. */
const maxNames = 16;

/** Keys under which an approval stands in the index `target`: one per named object. */
export function targetKeysOf({ metadata, spec }: ElevationApproval): readonly string[] {
  const agent = agentKey(agentUserName(spec.agent), metadata.namespace ?? "");
  if (!spec.targets?.length) return [agent];
  return spec.targets.flatMap(({ apiGroup, resource, names }) => {
    const key = resourceKey(agent, apiGroup, resource.split("/")[0] ?? resource);
    return names?.length && names.length <= maxNames ? names.map((name) => objectKey(key, name)) : [key];
  });
}

/** Keys to look under in the index `target` for a write of the agent, whose approvals stand in `namespace`. */
export function targetKeysFor(agent: string, namespace: string, effect: Effect): readonly string[] {
  const any = agentKey(agent, namespace);
  const resource = resourceKey(any, effect.group, effect.resource);
  return [any, resource, objectKey(resource, effect.name)];
}

function resourceKey(agent: string, group: string, resource: string): string {
  return `${agent}\n${group}\n${resource}`;
}

function objectKey(resource: string, name: string): string {
  return `${resource}\n${name}`;
}
