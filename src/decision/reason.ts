/** A code's line in docs/reference/errors.md: when it is given, and what the reader does next. */
export interface ReasonText {
  readonly when: string;
  readonly next: string;
}

/**
 * Every reason code of a decision on an agent's write. Codes are stable: programs and reports match on them. New ones
 * are added, old ones keep their meaning. `docs/reference/errors.md` is generated from this table.
 */
export const reasons = {
  Approved: {
    when: "A live ElevationApproval covers the write and all three owners are live.",
    next: "Nothing.",
  },
  OwnRequest: {
    when: "An agent files an ElevationApproval for itself.",
    next: "Nothing; people decide on it.",
  },
  NotAnAgent: {
    when: "The gate was asked about somebody who is no agent of this installation.",
    next: "Make `agents` of the configuration and the gate's matchConditions name the same set.",
  },
  ConnectNotGrantable: {
    when: "exec, attach, port-forward or proxy: what is done inside cannot be seen, so no rule can grant it.",
    next: "Let a person do it.",
  },
  NeverGrantable: {
    when: "The write concerns Writ itself: its kinds, its namespace or the cluster approval namespace.",
    next: "Let a person do it.",
  },
  Frozen: {
    when: "The root owner is suspended, overdue for review or absent: every agent is denied.",
    next: "Who may claim the root owner lifts its suspension, or installs it.",
  },
  NoIdentityOwner: {
    when: "No IdentityOwner is accountable for the agent.",
    next: "Add the agent to spec.identities of the owner that answers for it.",
  },
  ConflictingIdentityOwners: {
    when: "More than one IdentityOwner claims the agent.",
    next: "Remove the agent from all owners but one.",
  },
  IdentityOwnerNotLive: {
    when: "The agent's owner is suspended, overdue for review or being deleted.",
    next: "Lift the suspension or recertify the owner.",
  },
  NoCapability: {
    when: "No AgentCapability names the agent.",
    next: "Apply an AgentCapability that names it.",
  },
  NoRule: {
    when: "No rule of any of the agent's capabilities covers the write; the nearest is named.",
    next: "Ask the policy owner to widen a rule, or do less.",
  },
  FieldNotCovered: {
    when: "A rule lets the agent update the object, but not the field that the write changes too; it is named.",
    next: "Change less, or ask the policy owner to widen `fields`.",
  },
  SchemaViolated: {
    when: "A rule would cover the write, but the resulting object does not keep the rule's schema.",
    next: "Keep within the schema, or ask the policy owner to widen it.",
  },
  Replayed: {
    when: "Signatures name a requestID, or a definition, that was reserved for another object or for none: it was deleted and applied again, or came in while the guard was away.",
    next: "Request anew with a requestID of its own, or sign the capability anew.",
  },
  CapabilityNotDefined: {
    when: "The capability has no `definedBy` of a member of its policy owner.",
    next: "A member patches `definedBy` with the digest that the message gives.",
  },
  CapabilityChanged: {
    when: "The capability was edited after a member had defined it.",
    next: "A member defines the new content, or the edit is taken back.",
  },
  DefinitionNotAttested: {
    when: "`definedBy` carries no genuine attestation of this installation.",
    next: "A member defines the capability anew.",
  },
  DefinitionNotSigned: {
    when: "The policy owner counts signed definitions alone, and `definedBy` is not signed.",
    next: "A member signs the capability: kubectl writ sign.",
  },
  DefinitionNotVerified: {
    when: "The signature in `definedBy` is not one of a key that the policy owner lists for the signer.",
    next: "A member signs the capability anew, with a key of theirs that the owner lists.",
  },
  DefinitionExpired: {
    when: "The signature in `definedBy` has passed its notAfter.",
    next: "A member signs the capability anew.",
  },
  DefinerNotMember: {
    when: "Who defined the capability is no longer a member of its policy owner.",
    next: "A present member defines the capability.",
  },
  CapabilitySuspended: {
    when: "The capability is suspended.",
    next: "A member of its policy owner releases it.",
  },
  CapabilityBeingDeleted: {
    when: "The capability is being deleted.",
    next: "Use another capability.",
  },
  PolicyOwnerNotLive: {
    when: "The capability's policy owner is suspended, overdue for review, absent or being deleted.",
    next: "Lift the suspension or recertify the owner.",
  },
  NoApproval: {
    when: "A rule covers the write, but no ElevationApproval in the right namespace asks for it.",
    next: "Request one; the message holds the command.",
  },
  ApprovalPending: {
    when: "The nearest approval still lacks people.",
    next: "Ask the people that the message names.",
  },
  ApprovalNotYetValid: {
    when: "The nearest approval is approved, but its notBefore lies ahead.",
    next: "Wait.",
  },
  ApprovalExpired: {
    when: "The nearest approval is over, or was not approved in time.",
    next: "Request a new one.",
  },
  ApprovalExhausted: {
    when: "All uses of the nearest approval are consumed.",
    next: "Request a new one.",
  },
  ApprovalRejected: {
    when: "Somebody rejected the nearest approval, before or after it was live.",
    next: "Talk to them, then request a new one.",
  },
  ApprovalSuspended: {
    when: "An owner that the nearest approval rests on is not live, or its capability is suspended.",
    next: "Lift the suspension or recertify the owner.",
  },
  ApprovalInvalid: {
    when: "Another object moved under the nearest approval: it does not count until that is mended.",
    next: "Do what the message says, or request a new one.",
  },
  AgentUidMismatch: {
    when: "The approval is bound to another incarnation of the agent: its service account was created anew, or the request is impersonated.",
    next: "Request a new approval for the present service account.",
  },
  CredentialUnbound: {
    when: "The request's credential has no id, or none of the kind that the capability asks for: a legacy token, an impersonated request, a certificate where a token is asked for. Or the capability binds approvals to a token or pod, and the approval names none.",
    next: "Use a bound token (TokenRequest), and name it in spec.credential where the capability binds.",
  },
  CredentialMismatch: {
    when: "The approval counts for another token or pod.",
    next: "Use that one, or request an approval for this one.",
  },
  ChangeMismatch: {
    when: "The approval is bound to one exact change, and the write is another.",
    next: "Write exactly what was approved, or request an approval for this change.",
  },
  RiskNotApproved: {
    when: "A High rule matches the write too, and the nearest approval was decided for Low risk.",
    next: "Request an approval that names the High rule.",
  },
  NoResourceOwner: {
    when: "The policy asks for the resource's owner, and no IdentityOwner claims the object.",
    next: "The owner adds the object to spec.resources.",
  },
  ConflictingClaim: {
    when: "Two IdentityOwners claim the object equally precisely: nobody's approval counts for it.",
    next: "One of them gives up its claim.",
  },
  ResourceOwnerNotAsked: {
    when: "The object belongs to an owner whose people did not decide on the approval.",
    next: "Request an approval that names the object as a target.",
  },
  CacheNotSynced: {
    when: "The webhook does not know the present objects (it starts, or has lost a watch).",
    next: "Try again; if it lasts, look at /readyz of the webhook.",
  },
  LiveReadFailed: {
    when: "The objects that an allow rests on could not be read from the API server.",
    next: "Try again; if it lasts, look at the webhook's log.",
  },
  ClockSkew: {
    when: "The clocks of the API server and of the webhook are more than 5 s apart.",
    next: "Set the clocks right.",
  },
  Unsettled: {
    when: "The objects changed at each of several reads while the write was judged.",
    next: "Try again.",
  },
  UseNotCounted: {
    when: "The use could not be counted: the API server refused, or did not answer in time. It may be counted all the same, and is not given.",
    next: "Try again; if it lasts, look at the webhook's log and at its right to patch elevationapprovals/status.",
  },
  UseContended: {
    when: "Others counted uses of the approval, or decided on it, until the time for an answer was over. Nothing was counted.",
    next: "Try again.",
  },
  UseCounterTampered: {
    when: "The approval's use counter shows fewer uses than this webhook has seen: it was written back past the API server's rules.",
    next: "Reject the approval, find out who may write etcd or the CRDs, compare with `writ ledger uses`, and request a new one.",
  },
  RecordFailed: {
    when: "The decision could not be made durable, so it is a denial.",
    next: "Look at the webhook's log; its disk may be full or broken.",
  },
} as const satisfies Record<string, ReasonText>;

export type ReasonCode = keyof typeof reasons;
