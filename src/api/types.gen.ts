// Generated from crds/*.yaml by `npm run generate`. Do not edit.

import type { Condition, ObjectMeta, UnknownObject } from "./object-meta.ts";

/** IdentityOwner names the people who answer for agents and for resources. They approve writes to the resources that they claim, answer for the agents that they claim, and can stop both at once by suspending the owner. */
export interface IdentityOwner {
  readonly apiVersion: "writ.dev/v1alpha1";
  readonly kind: "IdentityOwner";
  readonly metadata: ObjectMeta;
  /** Who the people are and what they answer for. */
  readonly spec: IdentityOwnerSpec;
  /** What Writ observed. A view; no decision rests on it. */
  readonly status?: IdentityOwnerStatus;
}

/** Who the people are and what they answer for. */
export interface IdentityOwnerSpec {
  /** Name of the team or person as people read it. */
  readonly displayName?: string;
  /** How to reach the owner. Shown in denials; never used to decide. */
  readonly contacts?: readonly IdentityOwnerContact[];
  /** The people of this owner, at least one. Each entry is one person (user) or one group of people (group). Names that begin with "system:" are no people and are refused. */
  readonly members: readonly IdentityOwnerMember[];
  /** The agents that this owner is accountable for. An agent has exactly one owner; an agent that two owners claim is denied. Absent means none. */
  readonly identities?: readonly IdentityOwnerIdentity[];
  /** The resources that this owner may approve writes to. Absent means none. Within an entry an absent field means all. When two owners claim an object equally precisely neither can approve for it. */
  readonly resources?: readonly IdentityOwnerResource[];
  /** Which approvals and definitions of the members count: Authenticated (who the API server authenticated, attested by Writ, or signed) or Signed (only those with a valid signature). A rejection counts either way. Absent means Authenticated. */
  readonly decisions?: "Authenticated" | "Signed";
  /** Recertify this owner before this instant (RFC 3339, UTC); afterwards it is no longer live and its agents are denied. Absent means that no recertification is due. */
  readonly reviewBy?: string;
  /** The kill switch: while true, the agents of this owner are denied and its approvals are void. On the root owner it denies every agent. Absent means false. */
  readonly suspended?: boolean;
}

/** One way to reach the owner. */
export interface IdentityOwnerContact {
  /** What the value is. */
  readonly kind: "email" | "slack" | "url" | "phone";
  /** The address, channel, URL or number. */
  readonly value: string;
}

/** One person or one group of people: exactly one of user and group. */
export interface IdentityOwnerMember {
  /** User name of a person, exactly as the API server authenticates it. */
  readonly user?: string;
  /** Group of people, exactly as the API server authenticates it. */
  readonly group?: string;
  /** Further user names of the same person, for example from a second identity provider. However they sign in, they count once. */
  readonly aliases?: readonly string[];
  /** Public keys of the person, one OpenSSH line each, that decisions signed with SSHSIG are verified with. Members who share a key count as one person. */
  readonly sshKeys?: readonly string[];
}

/** One agent: exactly one of serviceAccount and user. */
export interface IdentityOwnerIdentity {
  /** A service account of this cluster. */
  readonly serviceAccount?: IdentityOwnerServiceAccount;
  /** Any other authenticated user name, for example a SPIFFE ID. Service accounts are written as serviceAccount. */
  readonly user?: string;
}

/** A service account of this cluster. */
export interface IdentityOwnerServiceAccount {
  /** Namespace of the service account. */
  readonly namespace: string;
  /** Name of the service account. */
  readonly name: string;
}

/** One set of resources. */
export interface IdentityOwnerResource {
  /** Whether the entry is about namespaced or about cluster-scoped objects. Absent means both; with namespaces named, those in them alone. */
  readonly scope?: "Namespaced" | "Cluster";
  /** Exact namespace names, or "*" for all. Not with scope Cluster. Absent or empty means all. A named namespace is a more precise claim than "*". */
  readonly namespaces?: readonly string[];
  /** API groups; "" is the core group, "*" is all. Absent or empty means all. */
  readonly apiGroups?: readonly string[];
  /** Plural resource names such as deployments, its subresources included, or deployments/scale for that subresource alone; "*" is all. Absent or empty means all. */
  readonly resources?: readonly string[];
  /** Exact object names. Absent or empty means all, as in RBAC. */
  readonly resourceNames?: readonly string[];
}

/** What Writ observed. A view; no decision rests on it. */
export interface IdentityOwnerStatus {
  /** The generation of the spec that this status is about; -1 before Writ has looked at the object, so that tools that wait do not take a new object for a finished one. */
  readonly observedGeneration?: number;
  /** Ready: whether this owner is live, and the problem if it is not. Stalled, only as True beside Ready=False: nothing changes before somebody acts. */
  readonly conditions?: readonly Condition[];
}

/** AgentCapability is the session policy of one or more agents: which objects they may write, with which operations, and who must approve for how long. It grants nothing by itself: every write also needs a live ElevationApproval. */
export interface AgentCapability {
  readonly apiVersion: "writ.dev/v1alpha1";
  readonly kind: "AgentCapability";
  readonly metadata: ObjectMeta;
  /** The policy. Its digest covers the object's name and this spec, less definedBy and suspended; approvals are bound to that digest. */
  readonly spec: AgentCapabilitySpec;
  /** What Writ observed. A view; no decision rests on it. */
  readonly status?: AgentCapabilityStatus;
}

/** The policy. Its digest covers the object's name and this spec, less definedBy and suspended; approvals are bound to that digest. */
export interface AgentCapabilitySpec {
  /** What the agents do with this capability, as people read it. */
  readonly description?: string;
  /** Name of the IdentityOwner that defines this policy. The capability is in force only while that owner is live. */
  readonly policyOwnerName: string;
  /** The agents that this policy is for, at least one. */
  readonly agents: readonly AgentCapabilityAgent[];
  /** The writes that may be approved, at least one. Where rules overlap the highest risk wins. */
  readonly rules: readonly AgentCapabilityRule[];
  /** Who decides and for how long, one entry for each risk that a rule has. An approval of several rules has one quorum, the strictest. */
  readonly approval: readonly AgentCapabilityApproval[];
  /** What the agent's credential must be. Absent means that any credential with an id will do: legacy tokens and impersonated requests have none and are refused. */
  readonly credential?: AgentCapabilityCredential;
  /** RBAC that exists only while an approval is live. Absent means none. */
  readonly elevation?: AgentCapabilityElevation;
  /** Whether a denied write files its own pending ElevationApproval (Automatic) or somebody files one (Manual). Absent means Manual. */
  readonly requests?: "Automatic" | "Manual";
  /** The kill switch: while true, nothing is admitted under this capability. Absent means false. */
  readonly suspended?: boolean;
  /** The member of the policy owner who put this policy in force. Stamped when such a member applies the capability; when a pipeline does, a member adds it, an empty object being enough, or has signed it. Without it the capability is not in force. */
  readonly definedBy?: AgentCapabilityDefinedBy;
}

/** One agent: exactly one of serviceAccount and user. */
export interface AgentCapabilityAgent {
  /** A service account of this cluster. */
  readonly serviceAccount?: AgentCapabilityServiceAccount;
  /** Any other authenticated user name, for example a SPIFFE ID. Service accounts are written as serviceAccount. */
  readonly user?: string;
}

/** A service account of this cluster. */
export interface AgentCapabilityServiceAccount {
  /** Namespace of the service account. */
  readonly namespace: string;
  /** Name of the service account. */
  readonly name: string;
}

/** One set of writes. */
export interface AgentCapabilityRule {
  /** Name of the rule, unique within the capability. Approvals name rules by it. */
  readonly name: string;
  /** How much harm such a write can do; decides which approval entry applies. Absent means High. */
  readonly risk?: "Low" | "High";
  /** What may be done. USE is running with a service account, a Secret or a node (a pod template that names them). CONNECT (exec, attach, port-forward, proxy) cannot be granted. */
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE" | "USE")[];
  /** API groups; "" is the core group, "*" is the built-in groups (core, those without a dot and *.k8s.io). Custom groups are named. writ.dev cannot be granted. */
  readonly apiGroups: readonly string[];
  /** Exact API versions such as v1. Absent means all. Required with fields or schema, so that the agent does not choose the version that it is judged in. */
  readonly apiVersions?: readonly string[];
  /** Plural resource names such as deployments, or deployments/scale for a subresource. "*" is every resource that is not protected and no subresource. A protected resource must be named, and its rule must be High. */
  readonly resources: readonly string[];
  /** Whether the rule is about namespaced or about cluster-scoped objects (a Namespace is cluster-scoped). */
  readonly scope: "Namespaced" | "Cluster";
  /** Exact namespace names, or "*" for all but Writ's own. Required with scope Namespaced, refused with scope Cluster. */
  readonly namespaces?: readonly string[];
  /** Exact object names. Absent or empty means all, as in RBAC. */
  readonly resourceNames?: readonly string[];
  /** With UPDATE: the only paths that may change, such as spec.replicas, spec.template.spec.containers[name=web].image or metadata.labels["example.com/x"]. Absent means all. */
  readonly fields?: readonly string[];
  /** JSON Schema 2020-12 that the resulting object must satisfy; without pattern, format and remote $ref. A keyword judges values of its type alone, so name the type where it matters. Absent means that any object will do. */
  readonly schema?: UnknownObject;
}

/** The conditions of one risk. */
export interface AgentCapabilityApproval {
  /** The risk that this entry is for. */
  readonly risk: "Low" | "High";
  /** Every line must be met by as many different people as it counts; a person counts toward one line at most. */
  readonly approvers: readonly AgentCapabilityApprover[];
  /** Longest duration that an approval may ask for, such as 30m or 720h. Absent means 1h. */
  readonly maxDuration?: string;
  /** Most uses that an approval may ask for; also caps approvals that name none. Absent means no limit. */
  readonly maxUses?: number;
  /** How long after its creation an approval may still gather decisions. Absent means 24h. */
  readonly pendingTTL?: string;
  /** What the ticket of an approval must begin with, such as INC-. Absent means that no ticket is needed. */
  readonly ticketPrefix?: string;
}

/** One line of the quorum. */
export interface AgentCapabilityApprover {
  /** Whose members approve: the owner that defined the policy (PolicyOwner), the one accountable for the agent (IdentityOwner), the one that claims the object (ResourceOwner), or the one named in ownerName (Owner). */
  readonly from: "PolicyOwner" | "IdentityOwner" | "ResourceOwner" | "Owner";
  /** Name of an IdentityOwner. Exactly with from: Owner. */
  readonly ownerName?: string;
  /** How many different people. Absent means 1. */
  readonly count?: number;
}

/** What the agent's credential must be. Absent means that any credential with an id will do: legacy tokens and impersonated requests have none and are refused. */
export interface AgentCapabilityCredential {
  /** true: a token with an id (JTI). false: credentials without an id too. Absent means any credential with an id, a client certificate included. */
  readonly requireTokenId?: boolean;
  /** Longest lifetime of the agent's tokens. Admission learns it only when a token is issued: a token that an agent asks for itself must not live longer. Absent means no limit. */
  readonly maxLifetime?: string;
  /** What an approval must name in its spec.credential, and the request must then carry: one token, or one pod. Absent means None. */
  readonly bind?: "None" | "Token" | "Pod";
}

/** RBAC that exists only while an approval is live. Absent means none. */
export interface AgentCapabilityElevation {
  /** Name of the ClusterRole that is bound to the agent. */
  readonly clusterRoleName: string;
}

/** The member of the policy owner who put this policy in force. Stamped when such a member applies the capability; when a pipeline does, a member adds it, an empty object being enough, or has signed it. Without it the capability is not in force. */
export interface AgentCapabilityDefinedBy {
  /** User name of the member. Stamped, or signed. */
  readonly by?: string;
  /** Name of the policy owner that the member acted for. Stamped, or signed. */
  readonly ownerName?: string;
  /** When (RFC 3339, UTC). Stamped, or signed. */
  readonly at?: string;
  /** The policy digest that was put in force; when the policy changes it no longer counts. Stamped, or signed. */
  readonly policyDigest?: string;
  /** Writ's signature over this entry and over who the API server authenticated. Stamped. */
  readonly attestation?: string;
  /** The member's own SSHSIG signature over the definition (docs/reference/signatures.md), armored as ssh-keygen writes it, in place of an attestation. */
  readonly signature?: string;
  /** With signature: from this instant on (RFC 3339, UTC) the capability is no longer in force. At most 90 days after at. */
  readonly notAfter?: string;
}

/** What Writ observed. A view; no decision rests on it. */
export interface AgentCapabilityStatus {
  /** The generation of the spec that this status is about; -1 before Writ has looked at the object, so that tools that wait do not take a new object for a finished one. */
  readonly observedGeneration?: number;
  /** Ready: whether this capability is in force, and the problem if it is not. Stalled, only as True beside Ready=False: nothing changes before somebody acts. */
  readonly conditions?: readonly Condition[];
}

/** ElevationApproval is one request of an agent to write, the decisions of people on it, and its life. It covers objects of its own namespace; cluster-scoped objects are covered from the cluster approval namespace. Deleting it revokes it. */
export interface ElevationApproval {
  readonly apiVersion: "writ.dev/v1alpha1";
  readonly kind: "ElevationApproval";
  readonly metadata: ObjectMeta;
  /** What is asked for. Nothing in it changes after creation, except that decisions grow. */
  readonly spec: ElevationApprovalSpec;
  /** What Writ observed. A view; no decision rests on it, the use counter aside. */
  readonly status?: ElevationApprovalStatus;
}

/** What is asked for. Nothing in it changes after creation, except that decisions grow. */
export interface ElevationApprovalSpec {
  /** Name of the AgentCapability that is asked for. */
  readonly capabilityName: string;
  /** Names of the capability's rules that are asked for. Absent means all. */
  readonly rules?: readonly string[];
  /** The agent that asks: exactly one of serviceAccount and user. */
  readonly agent: ElevationApprovalAgent;
  /** The only objects that are asked for. Absent means all that the rules cover. */
  readonly targets?: readonly ElevationApprovalTarget[];
  /** This exact change and no other. Absent means any change that the rules cover. */
  readonly change?: ElevationApprovalChange;
  /** Why, for the approvers and the record. */
  readonly reason?: string;
  /** Number of the incident or change, such as INC-1234. Must begin with the capability's ticketPrefix. */
  readonly ticket?: string;
  /** On whose behalf the agent acts, from the first to the last, as user:NAME or agent:NAME. Recorded; excludes these people as approvers; grants nothing. */
  readonly onBehalfOf?: readonly string[];
  /** User name of whoever created the request, as the API server authenticated it. Stamped. */
  readonly requestedBy: string;
  /** Unique id of the request. Stamped at random, or given where decisions are signed before creation. An id that was used before is refused. */
  readonly requestID: string;
  /** Does not count before this instant (RFC 3339, UTC). Absent means from the moment of approval. */
  readonly notBefore?: string;
  /** How long it counts, such as 30m, from the later of its approval and notBefore; at most the capability's maxDuration. */
  readonly duration: string;
  /** How many writes it admits, at most the capability's maxUses. Absent means the capability's maxUses. */
  readonly maxUses?: number;
  /** The only credential that it counts for. Absent means any credential of the agent. */
  readonly credential?: ElevationApprovalCredential;
  /** The decisions of people. They only grow. Verdict and ownerName are enough in a patch; Writ stamps the rest. A Reject ends the approval for good, before or after it was approved. */
  readonly decisions?: readonly ElevationApprovalDecision[];
}

/** The agent that asks: exactly one of serviceAccount and user. */
export interface ElevationApprovalAgent {
  /** A service account of this cluster. */
  readonly serviceAccount?: ElevationApprovalServiceAccount;
  /** Any other authenticated user name, for example a SPIFFE ID. Service accounts are written as serviceAccount. */
  readonly user?: string;
  /** Uid of the agent. Stamped for a service account. The approval does not count for another account of the same name. */
  readonly uid?: string;
}

/** A service account of this cluster. */
export interface ElevationApprovalServiceAccount {
  /** Namespace of the service account. */
  readonly namespace: string;
  /** Name of the service account. */
  readonly name: string;
}

/** One resource, or named objects of it. */
export interface ElevationApprovalTarget {
  /** API group; "" is the core group. */
  readonly apiGroup: string;
  /** Plural resource name such as deployments, or deployments/scale for a subresource. */
  readonly resource: string;
  /** Exact object names. Absent means all. */
  readonly names?: readonly string[];
}

/** This exact change and no other. Absent means any change that the rules cover. */
export interface ElevationApprovalChange {
  /** At least 128 random bits, hexadecimal or base64, that keep the digest from being guessed. */
  readonly salt: string;
  /** Digest of the change (docs/reference/digests.md). */
  readonly digest: string;
}

/** The only credential that it counts for. Absent means any credential of the agent. */
export interface ElevationApprovalCredential {
  /** Credential id as the API server authenticates it, such as JTI=... */
  readonly tokenId?: string;
  /** Uid of the pod that the credential is bound to. */
  readonly podUid?: string;
}

/** One decision of one person. */
export interface ElevationApprovalDecision {
  /** Approve, or Reject, which also revokes. */
  readonly verdict: "Approve" | "Reject";
  /** User name of the person, as the API server authenticated it. Stamped, or signed. */
  readonly by: string;
  /** Name of the IdentityOwner that the person decides for. */
  readonly ownerName: string;
  /** When the person decided (RFC 3339, UTC). Stamped, or signed. */
  readonly at: string;
  /** Digest of the policy that the person decided on; when the policy changes an Approve no longer counts. Required with Approve. Stamped, or signed. */
  readonly policyDigest?: string;
  /** Why, for the record. */
  readonly reason?: string;
  /** Writ's signature over the decision and over who the API server authenticated. Stamped. */
  readonly attestation?: string;
  /** The person's own SSHSIG signature over the decision (docs/reference/signatures.md), armored as ssh-keygen writes it, in place of an attestation. */
  readonly signature?: string;
  /** With signature: from this instant on (RFC 3339, UTC) a signed Approve no longer counts. At most 30 days after at. */
  readonly notAfter?: string;
}

/** What Writ observed. A view; no decision rests on it, the use counter aside. */
export interface ElevationApprovalStatus {
  /** Pending (quorum not met), Approved (quorum met, notBefore not reached), Live (counts now), Denied (rejected before approval), Revoked (rejected after), Expired, Exhausted (all uses spent), Invalid (the capability, an owner, the agent or the policy moved) or Suspended (the capability or an owner is). Denied, Revoked, Expired and Exhausted are final. */
  readonly phase?: "Pending" | "Approved" | "Live" | "Denied" | "Revoked" | "Expired" | "Exhausted" | "Invalid" | "Suspended";
  /** When the quorum was first met. */
  readonly approvedAt?: string;
  /** When it stops counting; while it is pending: when it can no longer be approved. */
  readonly expiresAt?: string;
  /** How many uses are counted, each before its write is admitted; kept only where maxUses limits them. Never decreases. */
  readonly uses?: number;
  /** What is still missing before it is live, one sentence each. */
  readonly missing?: readonly string[];
  /** The generation of the spec that this status is about; -1 before Writ has looked at the object, so that tools that wait do not take a new object for a finished one. */
  readonly observedGeneration?: number;
  /** Approved: whether the quorum is met. Live: whether it counts now, and the problem if it does not. Stalled, only as True: the phase is Invalid, which nothing but an act mends. There is no Ready, so that what waits for Ready does not wait for people. */
  readonly conditions?: readonly Condition[];
}
