import type { AgentCapability, ElevationApproval, IdentityOwner } from "./types.gen.ts";

/** A kind as the API server's paths name it. */
export interface KindRef {
  readonly kind: "IdentityOwner" | "AgentCapability" | "ElevationApproval";
  readonly group: "writ.dev";
  readonly version: "v1alpha1";
  readonly plural: "identityowners" | "agentcapabilities" | "elevationapprovals";
  readonly namespaced: boolean;
}

const group = "writ.dev";
const version = "v1alpha1";

export const identityOwners: KindRef = {
  kind: "IdentityOwner",
  group,
  version,
  plural: "identityowners",
  namespaced: false,
};
export const agentCapabilities: KindRef = {
  kind: "AgentCapability",
  group,
  version,
  plural: "agentcapabilities",
  namespaced: false,
};
export const elevationApprovals: KindRef = {
  kind: "ElevationApproval",
  group,
  version,
  plural: "elevationapprovals",
  namespaced: true,
};

export type WritObject = IdentityOwner | AgentCapability | ElevationApproval;
