/** Why a change of one of Writ's kinds is refused. */
export interface Refusal {
  readonly kind: "refusal";
  readonly code: GuardCode;
  readonly message: string;
  readonly next: string;
  readonly field?: string;
}

/** Reason codes of the guard and the stamps; `docs/reference/errors.md` is generated from this table. */
export const guardReasons = {
  Admitted: { when: "The change of a Writ object is admitted and recorded.", next: "Nothing." },
  AgentsMayOnlyRequest: {
    when: "An agent touches a Writ object other than by requesting an ElevationApproval for itself.",
    next: "Create an ElevationApproval that names the agent itself, without decisions.",
  },
  AgentNotFound: {
    when: "The service account that an approval names does not exist, so its uid cannot be stamped.",
    next: "Create the service account first, or correct the name.",
  },
  AgentNotNamed: { when: "The capability does not name the agent.", next: "Use a capability that does." },
  AgentUidMissing: {
    when: "An approval for a service account carries no uid.",
    next: "Leave spec.agent.uid to the stamps.",
  },
  ApprovalOver: {
    when: "Somebody approves what is rejected, expired or exhausted already.",
    next: "Request a new ElevationApproval.",
  },
  CapabilityNotInForce: {
    when: "Somebody approves under a capability that no member of its policy owner has defined as it is.",
    next: "A member defines it first; the message holds the command.",
  },
  CapabilityNotFound: {
    when: "The capability of an approval does not exist.",
    next: "Apply it first, or correct the name.",
  },
  ClaimRequired: {
    when: "The change gives an IdentityOwner power, and the caller lacks the verb `claim` on it.",
    next: "Ask who may: kubectl auth can-i claim identityowners.writ.dev/NAME.",
  },
  CoversNothing: {
    when: "No rule that the approval asks for applies in its namespace.",
    next: "Create it in the right namespace.",
  },
  CredentialRequired: {
    when: "The caller's credential has no id, as when impersonating: nobody could be held to the decision.",
    next: "Decide with your own certificate or token.",
  },
  DefinitionOutdated: {
    when: "A signed definition of a capability is older than the one that stands.",
    next: "Let a member sign the file anew: kubectl writ sign -f FILE --owner NAME.",
  },
  DecisionsAtCreation: {
    when: "An ElevationApproval is created with decisions in it.",
    next: "Create it without, and let the approvers decide.",
  },
  DigestMismatch: {
    when: "The policy digest that the caller confirms is not that of the present capability.",
    next: "Read the capability again; the message holds its digest.",
  },
  DurationTooLong: { when: "The duration exceeds what the capability allows.", next: "Ask for less time." },
  FieldPathMalformed: {
    when: "A field path of a rule cannot be read; the message names the character.",
    next: "Write it as in spec.template.spec.containers[name=web].image.",
  },
  SchemaUnusable: {
    when: "A rule's schema has a keyword, a reference or a size that is refused; the message names the place.",
    next: "Leave it out: see docs/concepts.md for what a schema may say.",
  },
  SaltTooWeak: {
    when: "The salt of an exact change could be guessed.",
    next: "Take 128 random bits: openssl rand -hex 16.",
  },
  CredentialNotNamed: {
    when: "The capability binds approvals to a token or pod, and the approval names none.",
    next: "Name it in spec.credential.",
  },
  ForgedDecision: {
    when: "A decision names somebody else, or carries an attestation that is not this installation's.",
    next: "Give verdict and ownerName only; everything else is stamped.",
  },
  ForgedDefinition: {
    when: "`definedBy` of a capability carries an attestation that is not this installation's.",
    next: "Leave definedBy out, or patch it as a member of the policy owner.",
  },
  IdentityOutsideAgentSet: {
    when: "An owner or a capability names an identity that is no agent of this installation.",
    next: "Use a service account of an agent namespace, or a user name without the prefix `system:`.",
  },
  LookupFailed: {
    when: "What the guard has to know could not be read from the API server.",
    next: "Try again; if it lasts, look at the webhook's log.",
  },
  LowRiskProtected: {
    when: "A Low rule names a resource of the protected set.",
    next: "Make the rule High.",
  },
  MalformedApproval: { when: "A duration or time cannot be read.", next: "Correct it." },
  MembershipRequired: {
    when: "Only members of the owner may make this change.",
    next: "Ask a member.",
  },
  NoApprovalPolicy: {
    when: "The capability says of nobody who approves this risk.",
    next: "Mend spec.approval of the capability.",
  },
  NotAMember: {
    when: "Somebody decides in the name of an owner that they are no member of.",
    next: "Decide in the name of an owner that lists you.",
  },
  NotAnApprover: {
    when: "Somebody decides in the name of an owner that has no say in the approval.",
    next: "Ask the owners that the message names.",
  },
  NotAPerson: {
    when: "An agent, a service account or another system identity decides.",
    next: "Let a person decide.",
  },
  NotBeforeTooLate: { when: "notBefore lies beyond the approval's hard end.", next: "Choose an earlier time." },
  NotStamped: {
    when: "A field that the stamps fill does not say what they would: the stamps were bypassed.",
    next: "Look at the MutatingWebhookConfiguration of Writ.",
  },
  OwnNamespaceInRule: { when: "A rule names one of Writ's own namespaces.", next: "Take it out." },
  OwnerReferencesRefused: {
    when: "A Writ object would get an owner reference: the garbage collector would delete it in nobody's name.",
    next: "Leave metadata.ownerReferences out.",
  },
  TooManyRequests: {
    when: "The agent has too many open requests in the namespace.",
    next: "Let people decide on them, or delete those that are not needed.",
  },
  RecordFailed: {
    when: "The change could not be made durable in the record, so it is refused.",
    next: "Look at the webhook's log; its disk may be full or broken, or the object too large to record.",
  },
  Replayed: {
    when: "An ElevationApproval carries the requestID of another one, or an AgentCapability the signed definition, which may be gone: what was approved, defined or revoked once is not so again.",
    next: "Take spec.requestID and spec.decisions out of the file and let people decide anew (kubectl writ sign fills in a new id), or sign the capability anew.",
  },
  RequestIDsFull: {
    when: "No further requestID can be reserved for the namespace.",
    next: "Leave spec.requestID out and decide after creation, or wait until reservations end (docs/operate.md).",
  },
  RegisterFailed: {
    when: "The change could not be announced in the revocation register, so it is refused: a replica might not see it in time.",
    next: "Try again; if it lasts, look at the webhook's log and at the ConfigMap writ-register in Writ's namespace: deleting it is safe.",
  },
  RootOwnerClaims: { when: "The root owner claims identities or resources.", next: "Give them to another owner." },
  RuleNotFound: { when: "The capability has no such rule.", next: "Use one of the rules that the message names." },
  SelfApproval: {
    when: "Somebody approves what they requested or what is done on their behalf.",
    next: "Let another member approve.",
  },
  RequestIDMissing: {
    when: "A request brings signed decisions and no requestID, which is part of what was signed.",
    next: "Put the requestID into the file that people sign.",
  },
  SignatureExpired: {
    when: "A signed approval or definition has passed its notAfter.",
    next: "Let a member sign it anew: kubectl writ sign -f FILE --owner NAME.",
  },
  SignatureFromFuture: {
    when: "A signed approval or definition says that it was signed more than a minute from now.",
    next: "Mend the signer's clock, and sign it anew.",
  },
  SignatureInvalid: {
    when: "A signature is none of the signer's keys over exactly what the object says, or cannot be read.",
    next: "Sign the file as it is, for this cluster: kubectl writ sign -f FILE --owner NAME.",
  },
  SignatureRequired: {
    when: "An owner that counts signed decisions alone would get an attested one.",
    next: "Sign it: kubectl writ sign -f FILE --owner NAME.",
  },
  SignerNotMember: {
    when: "The owner does not list who signed by user name or alias; a group signs nothing.",
    next: "Let somebody sign whom the owner lists with spec.members[].user.",
  },
  SignerWithoutKey: {
    when: "The owner lists who signed, but none of their SSH keys.",
    next: "Who may claim the owner adds the public key to spec.members[].sshKeys.",
  },
  SshKeyUnusable: {
    when: "An owner lists an SSH key that cannot be used to verify signatures.",
    next: "Give the line of the .pub file as ssh-keygen writes it.",
  },
  TicketRequired: { when: "The capability asks for a ticket.", next: "Put it into spec.ticket." },
  UsesAboveCap: {
    when: "maxUses exceeds what the capability allows.",
    next: "Ask for fewer uses, or leave maxUses out to get as many as it allows.",
  },
  UnknownKind: {
    when: "The guard was asked about a kind that it does not know.",
    next: "Correct the webhook configuration.",
  },
} as const satisfies Record<string, { when: string; next: string }>;

export type GuardCode = keyof typeof guardReasons;

export function refuse(code: GuardCode, message: string, next?: string, field?: string): Refusal {
  return {
    kind: "refusal",
    code,
    message,
    next: next ?? guardReasons[code].next,
    ...(field === undefined ? {} : { field }),
  };
}
