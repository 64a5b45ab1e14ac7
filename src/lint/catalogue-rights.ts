import type { CatalogueEntry } from "./catalogue-entry.ts";

const denied = "The gate denies it while it is in force; the right is needed by no agent.";

/** L0xx: what RBAC lets an agent do. */
export const rightsCatalogue = {
  L001: {
    severities: ["critical"],
    title: "An agent may impersonate",
    why: "Admission sees the impersonated user alone: the agent writes as a person, a controller or a break-glass group, and no webhook can tell.",
    cure: "Take the verb away. The built-in roles `edit` and `admin` hold it for service accounts: bind a role of your own instead.",
  },
  L002: {
    severities: ["critical"],
    title: "An agent may impersonate under constraints",
    why: "`impersonate:*` verbs choose a mask as `impersonate` does; only the `impersonate-on:*` half stands between.",
    cure: "Take the verb away.",
  },
  L003: {
    severities: ["high"],
    title: "An agent holds one half of constrained impersonation",
    why: "`impersonate-on:*` verbs say what may be done under a mask; the other half makes it a way round Writ.",
    cure: "Take the verb away.",
  },
  L004: {
    severities: ["critical"],
    title: "An agent may escalate roles",
    why: "`escalate` lets it write roles with rights that it does not hold, `impersonate` among them.",
    cure: "Take the verb away.",
  },
  L005: {
    severities: ["critical"],
    title: "An agent may bind roles",
    why: "`bind` lets it give itself a role whose rights it does not hold.",
    cure: "Take the verb away.",
  },
  L006: {
    severities: ["critical"],
    title: "An agent may reach the kubelet",
    why: "With `nodes/proxy`, even `get`, it runs commands in every pod through the kubelet, past admission and audit.",
    cure: "Take `nodes/proxy` away; metrics need `nodes/metrics` and `nodes/stats` alone.",
  },
  L007: {
    severities: ["info"],
    title: "An agent may connect to pods or services",
    why: "exec, attach, port-forward and proxy act inside pods. Writ denies every CONNECT of an agent, so the right is of no use.",
    cure: "Take it away, so that nothing but Writ need be trusted.",
  },
  L008: {
    severities: ["high"],
    title: "An agent may delete what cannot be read",
    why: "`unsafe-delete-ignore-read-errors` deletes a corrupt object without admission.",
    cure: "Take the verb away.",
  },
  L009: {
    severities: ["medium"],
    title: "An agent holds every verb",
    why: "`*` holds verbs that are no writes to admission (`unsafe-delete-ignore-read-errors`, `impersonate-on:*`) and those that Kubernetes has yet to invent.",
    cure: "Name the verbs.",
  },
  L010: {
    severities: ["critical"],
    title: "An agent may write admission configuration",
    why: "Webhook configurations and admission policies are exempt from webhooks: the gate never sees them change.",
    cure: "Take the right away; keep guard policies installed.",
  },
  L011: {
    severities: ["high"],
    title: "An agent may mint tokens of other accounts",
    why: `With another account's token it is no agent any more. ${denied}`,
    cure: "Limit `create` on `serviceaccounts/token` to the agent's own name by `resourceNames`, in its own namespace.",
  },
  L012: {
    severities: ["critical", "high", "medium"],
    severityNote:
      "critical: Secrets of Writ's own namespace, its signing key among them; medium: only Secrets that are named",
    title: "An agent may read Secrets",
    why: "Reads pass no admission. A Secret may hold another account's token, a person's credentials or a signing key.",
    cure: "Take the right away, or limit `get` by `resourceNames` to Secrets that hold no credentials for this cluster.",
  },
  L013: {
    severities: ["high"],
    title: "An agent may approve or sign certificates",
    why: `A client certificate can carry any name and is not revocable. ${denied}`,
    cure: "Take `approve` and `sign` on signers, and certificatesigningrequests/approval and /status, away.",
  },
  L014: {
    severities: ["medium"],
    title: "An agent may ask for certificates",
    why: `Somebody, or a controller, may approve it. ${denied}`,
    cure: "Take `create` on certificatesigningrequests away.",
  },
  L015: {
    severities: ["medium"],
    title: "An agent may write the status of Writ's kinds",
    why: `The guard does not look at status, since Writ's operator writes it; it counts uses. ${denied}`,
    cure: "Take it away.",
  },
  L016: {
    severities: ["high"],
    title: "An agent may claim owners",
    why: `\`claim\` on identityowners is what lets somebody appoint owners. ${denied}`,
    cure: "Take the verb away; it is for people.",
  },
  L017: {
    severities: ["medium"],
    title: "An agent may change Writ's kinds",
    why: `It needs to create approvals at most, which are requests. ${denied}`,
    cure: "Take it away; bind `writ-requester` instead.",
  },
  L018: {
    severities: ["high", "info"],
    severityNote: "info: by a right that counts in every namespace",
    title: "An agent may write in Writ's own namespaces",
    why: `Its webhook, its keys and the approvals for cluster-scoped objects are there. ${denied}`,
    cure: "Take the binding away; bind per namespace instead of in the whole cluster.",
  },
  L019: {
    severities: ["critical"],
    title: "Writes without credentials",
    why: "An agent that sends no credentials is `system:anonymous`, whom nobody governs.",
    cure: "Take the binding away, or start the API server with anonymous requests off.",
  },
  L020: {
    severities: ["critical"],
    title: "The agents' group is the break-glass group",
    why: "Guard policies let `writ.dev:break-glass` pass.",
    cure: "Give agents a group of their own in `agents.group`, and in the gate.",
  },
  L021: {
    severities: ["high"],
    title: "Agents are members of an owner",
    why: "Owners are people: no agent's decision counts, and the owner looks staffed when it is not.",
    cure: "Name people or groups of people in `spec.members`.",
  },
} as const satisfies Record<string, CatalogueEntry>;
