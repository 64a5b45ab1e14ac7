import type { LifecycleReason, Phase } from "../../src/api/lifecycle.ts";
import type { OwnerProblem } from "../../src/api/owners.ts";
import type { CodeText } from "./errors-page.ts";

/** Phases of an ElevationApproval. The compiler demands a text for each. */
export const phaseTexts = {
  Pending: { when: "The quorum is not met yet.", next: "Ask the people whom `status.missing` names." },
  Approved: { when: "The quorum is met, and notBefore lies ahead.", next: "Wait until notBefore." },
  Live: { when: "It lets its agent write.", next: "Nothing." },
  Denied: {
    when: "Somebody rejected it before it was approved. Final.",
    next: "Talk to them, then request a new one.",
  },
  Revoked: {
    when: "Somebody rejected it after it was approved. Final.",
    next: "Talk to them, then request a new one.",
  },
  Expired: { when: "Its time is over, or it was not approved in time. Final.", next: "Request a new one." },
  Exhausted: { when: "All its uses are consumed. Final.", next: "Request a new one." },
  Invalid: {
    when: "Another object moved under it; it counts again once that is mended.",
    next: "Do what the message of the condition `Live` says.",
  },
  Suspended: {
    when: "An owner that it rests on is not live, or its capability is suspended; it counts again afterwards.",
    next: "Lift the suspension or recertify the owner.",
  },
} as const satisfies Readonly<Record<Phase, CodeText>>;

/** Reasons of an approval's conditions `Approved` and `Live`. The compiler demands a text for each. */
export const lifecycleTexts = {
  QuorumMissing: { when: "Approvals are still wanting.", next: "Ask the people whom `status.missing` names." },
  NotYetValid: { when: "It is approved, and notBefore lies ahead.", next: "Wait until notBefore." },
  InForce: { when: "It is live.", next: "Nothing." },
  Rejected: { when: "Somebody rejected it.", next: "Talk to them, then request a new one." },
  PendingTimeElapsed: { when: "Its quorum was not met within pendingTTL.", next: "Request a new one." },
  DurationElapsed: { when: "Its duration is over.", next: "Request a new one." },
  UsesExhausted: { when: "All its uses are consumed.", next: "Request a new one." },
  PolicyChanged: {
    when: "The capability changed after the approvals were given.",
    next: "Request a new one, or take the edit of the capability back.",
  },
  ApproverNotMember: {
    when: "An approver is no longer a member of the owner, and without them the quorum is not met.",
    next: "Let another member approve.",
  },
  ApproversNotDistinct: {
    when: "Several of the names that approved it are one person, or may not approve it.",
    next: "Request a new one.",
  },
  SignatureRequired: {
    when: "An approving owner counts signed decisions alone, and an approval in its name is not signed.",
    next: "Let a member sign, or request a new one.",
  },
  SignatureExpired: {
    when: "The signature of an approver has passed its notAfter.",
    next: "Request a new one, and let people sign it anew.",
  },
  SignatureNotVerified: {
    when: "The key that signed an approval is no longer one of the signer's in the owner.",
    next: "Let another member approve, or request a new one.",
  },
  ApprovingOwnerNotLive: {
    when: "An owner in whose name it was approved is suspended, overdue for review or being deleted.",
    next: "Lift the suspension or recertify the owner.",
  },
  IdentityOwnerNotLive: {
    when: "The agent's owner is suspended, overdue for review or being deleted.",
    next: "Lift the suspension or recertify the owner.",
  },
  ApprovalBeingDeleted: { when: "It is being deleted, which revokes it.", next: "Request a new one." },
  CapabilityNotFound: { when: "Its capability does not exist.", next: "Apply it, or request under another one." },
  AgentNotNamed: { when: "Its capability does not name the agent.", next: "Request under one that does." },
  AgentUidMissing: { when: "It names a service account without a uid.", next: "Request a new one." },
  RuleNotFound: { when: "Its capability has no such rule.", next: "Request a new one with a rule that exists." },
  CoversNothing: {
    when: "None of its rules applies in its namespace.",
    next: "Request a new one in the right namespace.",
  },
  NoApprovalPolicy: {
    when: "Its capability says of nobody who approves this risk.",
    next: "Mend spec.approval of the capability.",
  },
  DurationTooLong: { when: "Its duration exceeds what the capability allows.", next: "Request a shorter one." },
  UsesAboveCap: {
    when: "Its maxUses exceeds what the capability allows.",
    next: "Request a new one with fewer uses.",
  },
  TicketRequired: { when: "Its capability asks for a ticket.", next: "Request a new one with a ticket." },
  NotBeforeTooLate: { when: "Its notBefore lies beyond its hard end.", next: "Request a new one." },
  MalformedApproval: { when: "A duration or time in it cannot be read.", next: "Request a new one." },
  CapabilityNotDefined: {
    when: "Its capability has no `definedBy` of a member of the policy owner.",
    next: "A member defines the capability.",
  },
  CapabilityChanged: {
    when: "Its capability was edited after a member had defined it.",
    next: "A member defines the new content, or the edit is taken back.",
  },
  DefinitionNotAttested: {
    when: "`definedBy` of its capability carries no genuine attestation.",
    next: "A member defines the capability anew.",
  },
  DefinitionNotSigned: {
    when: "The policy owner counts signed definitions alone, and `definedBy` of its capability is not signed.",
    next: "A member signs the capability: kubectl writ sign.",
  },
  DefinitionNotVerified: {
    when: "The signature in `definedBy` of its capability is not one of a key that the policy owner lists for the signer.",
    next: "A member signs the capability anew, with a key of theirs that the owner lists.",
  },
  DefinitionExpired: {
    when: "The signature in `definedBy` of its capability has passed its notAfter.",
    next: "A member signs the capability anew.",
  },
  DefinerNotMember: {
    when: "Who defined its capability is no longer a member of the policy owner.",
    next: "A present member defines the capability.",
  },
  CapabilitySuspended: { when: "Its capability is suspended.", next: "A member of the policy owner releases it." },
  CapabilityBeingDeleted: { when: "Its capability is being deleted.", next: "Request under another one." },
  PolicyOwnerNotLive: {
    when: "The policy owner is suspended, overdue for review, absent or being deleted.",
    next: "Lift the suspension or recertify the owner.",
  },
  NoIdentityOwner: {
    when: "No IdentityOwner is accountable for the agent.",
    next: "Add the agent to spec.identities of the owner that answers for it.",
  },
  ConflictingIdentityOwners: {
    when: "More than one IdentityOwner claims the agent.",
    next: "Remove the agent from all owners but one.",
  },
  NoResourceOwner: {
    when: "The policy asks for the resource's owner, and no IdentityOwner claims the object.",
    next: "The owner adds the object to spec.resources.",
  },
  ConflictingClaim: {
    when: "Two IdentityOwners claim an object equally precisely.",
    next: "One of them gives up its claim.",
  },
} as const satisfies Readonly<Record<LifecycleReason, CodeText>>;

/** Reasons of an owner's condition `Ready`, less those of conflicting claims. The compiler demands a text for each. */
export const ownerTexts = {
  OwnerNotFound: { when: "The IdentityOwner does not exist.", next: "Apply it, or correct the name." },
  OwnerSuspended: { when: "It is suspended.", next: "Who may claim it sets spec.suspended to false." },
  OwnerReviewOverdue: { when: "spec.reviewBy has passed.", next: "Who may claim it sets a later date." },
  OwnerBeingDeleted: { when: "It is being deleted.", next: "Apply it anew once it is gone." },
} as const satisfies Readonly<Record<OwnerProblem, CodeText>>;
