/** A check taken out of the source, and the tests of which at least one must turn red then. */
export interface Mutation {
  /** What the code no longer does. */
  readonly name: string;
  /** Under `src`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly source: string;
  readonly replacement: string;
  /** Under `test/unit`. */
  readonly tests: readonly string[];
}

type Entry = readonly [name: string, source: string, replacement: string];

function mutationsOf(file: string, tests: readonly string[], entries: readonly Entry[]): readonly Mutation[] {
  return entries.map(([name, source, replacement]) => ({ name, file, source, replacement, tests }));
}

const chain = "decision/chain.test.ts";
const exact = ["decision/exact-change.test.ts", "decision/change-digest/change-digest.test.ts"];
const effects = ["decision/effects/deletions.test.ts", "decision/effects/subresources.test.ts"];
const pods = ["decision/effects/pods.test.ts", "decision/effects/hostile.test.ts", "decision/pod-credentials.test.ts"];
const sshSignatures = "api/ssh/verify-signature.test.ts";
const sshKeys = "api/ssh/public-key.test.ts";
const guard = ["admission/guard/guard.test.ts", "admission/guard/refusals.test.ts", "admission/guard/person.test.ts"];
const signedDecisions = ["admission/guard/signed-decisions.test.ts"];
const signedDefinitions = ["admission/guard/signed-definitions.test.ts"];
const stamps = ["admission/guard/stamps.test.ts"];
const signedLife = ["api/lifecycle-signed.test.ts"];

const uses = [
  "admission/consume/use-counter.test.ts",
  "admission/consume/consume-use.test.ts",
  "admission/consume/swap-uses.test.ts",
  "admission/consume/remembered-uses.test.ts",
  "admission/consume/count-verdict.test.ts",
  "admission/consume/decisions-under-way.test.ts",
];

export const mutations: readonly Mutation[] = [
  ...mutationsOf(
    "decision/decide.ts",
    [chain, "decision/own-request.test.ts"],
    [
      ["asks whether the requester is an agent", "if (stranger) return stranger;", ""],
      ["lets no agent connect", "  checkConnect,\n", ""],
      ["keeps agents off Writ itself", "  checkNeverGrantable,\n", ""],
      ["freezes", "  checkFrozen,\n", ""],
      ["asks for the agent's owner", "  checkIdentityOwner,\n", ""],
      ["asks for a capability in force", "  checkCapability,\n", ""],
      [
        "stops the own request of a frozen agent",
        "checkFrozen(facts) ?? checkIdentityOwner(facts)",
        "checkIdentityOwner(facts)",
      ],
      [
        "stops the own request of an agent without owner",
        "checkFrozen(facts) ?? checkIdentityOwner(facts)",
        "checkFrozen(facts)",
      ],
      ["holds shadow mode off the protected set", "...denial, absolute: true }", "...denial }"],
    ],
  ),
  ...mutationsOf(
    "decision/own-request.ts",
    ["decision/own-request.test.ts"],
    [
      ["takes only a creation for an own request", 'operation !== "CREATE" || ', ""],
      ["takes no subresource for an own request", ' || target.subresource !== ""', ""],
      [
        "takes no decided request for an own one",
        "if (decisions !== undefined && !(isList(decisions) && decisions.length === 0)) return false;",
        "",
      ],
      [
        "takes no request for another agent for an own one",
        "if (agentUserName(subjectOf(agent)) !== requester.userName) return false;",
        "",
      ],
      [
        "takes no request for another uid for an own one",
        "return uid === undefined || uid === requester.uid;",
        "return true;",
      ],
    ],
  ),
  ...mutationsOf(
    "decision/checks/never-grantable.ts",
    [chain],
    [
      ["never grants Writ's kinds", 'effect.group === "writ.dev" || ', ""],
      ["never grants Writ's namespaces", "return own.includes(effect.namespace);", "return false;"],
      ["never grants Writ's Namespace objects", "&& own.includes(effect.name)", "&& false"],
    ],
  ),
  ...mutationsOf(
    "decision/checks/frozen.ts",
    [chain],
    [["looks at the root owner's state", "if (!problem) return undefined;", "return undefined;"]],
  ),
  ...mutationsOf(
    "decision/checks/identity-owner.ts",
    [chain],
    [
      ["asks that exactly one owner answers", 'result.kind === "problem"', "false"],
      ["asks that the agent's owner is live", "if (!problem) return undefined;", "return undefined;"],
    ],
  ),
  ...mutationsOf(
    "decision/checks/capability.ts",
    [chain],
    [
      ["asks that a capability covers all effects", "!result || !coversAll(facts, results)", "!result"],
      ["asks that the capability is in force", "if (!found) return undefined;", "return undefined;"],
    ],
  ),
  ...mutationsOf(
    "decision/checks/approval.ts",
    [chain, "decision/credential.test.ts", "decision/effects/coverage.test.ts", "decision/oracle/regressions.test.ts"],
    [
      ["asks that the approved rules cover all effects", "if (!coversAll(facts, rules) || ", "if ("],
      [
        "keeps to the approval's targets for all effects",
        " || !effects.every((effect) => targetsInclude(approval, effect))",
        "",
      ],
      ["keeps to the approval's rules", " && (!spec.rules?.length || spec.rules.includes(rule.name))", ""],
      [
        "asks that the approval lives",
        'if (life.phase !== "Live") return miss(',
        'if (life.phase === "Pending") return miss(',
      ],
      ["binds to the agent's uid", "if (uid !== undefined && uid !== request.requester.uid)", "if (false)"],
      ["asks for the credential", "if (credential) return miss(", "if (false) return miss("],
      ["bounds the life of a token", " ?? lifetimeProblem(request, policy)", ""],
      ["binds to the exact change", "if (change !== undefined) return miss(", "if (false) return miss("],
      ["takes the highest risk", 'if (risk === "High" && life.terms?.risk !== "High")', "if (false)"],
      ["asks for an owner of the object", 'if (claim.kind !== "owned") {', 'if (claim.kind !== "owned") continue; {'],
      ["asks that the object's owner was asked", "if (!life.resourceOwnerNames.includes(name))", "if (false)"],
    ],
  ),
  ...mutationsOf(
    "decision/credential.ts",
    ["decision/credential.test.ts"],
    [
      ["asks for a credential id", "if (id === undefined && policy?.requireTokenId !== false)", "if (false)"],
      [
        "asks for a token where one is required",
        'if (policy?.requireTokenId === true && !id?.startsWith("JTI="))',
        "if (false)",
      ],
      ["asks for a named token under bind: Token", 'policy?.bind === "Token" && tokenId === undefined', "false"],
      ["asks for a named pod under bind: Pod", 'policy?.bind === "Pod" && podUid === undefined', "false"],
      ["compares the token", "if (tokenId !== undefined && tokenId !== id)", "if (false)"],
      ["compares the pod", "if (podUid !== undefined && podUid !== requester.podUid)", "if (false)"],
      ["compares the life of a token", "&& seconds * 1000 <= longest", ""],
    ],
  ),
  ...mutationsOf("decision/effects/effects.ts", effects, [
    ["counts an eviction", "    ...evictionEffects(request),\n", ""],
    ["counts updates that delete", "    ...deletionEffects(request),\n", ""],
    ["counts the last finalizer", "freed || orphaned", "orphaned"],
    ["counts owner references", "freed || orphaned || finalized", "freed || finalized"],
    ["counts the finalizing of namespaces", " || finalized", ""],
    ["counts bindings as grants", "    ...grantEffects(request),\n", ""],
    ["counts minted tokens", "    ...mintEffects(request),\n", ""],
    ["counts Secrets that become tokens", '"kubernetes.io/service-account-token"', '"kubernetes.io/none"'],
  ]),
  ...mutationsOf("decision/effects/effects.ts", pods, [
    ["counts what pods use", "    ...podUseEffects(request),\n", ""],
  ]),
  ...mutationsOf("decision/effects/pod-effects.ts", pods, [
    ["counts bindings to nodes", "if (isBinding(target)) return", "if (false) return"],
    ["counts what stays in a changed pod spec", "deepEqual(old, spec) ? []", "old !== spec ? []"],
    ["counts the account", 'use("serviceaccounts", uses.serviceAccount)', ""],
    ["counts Secrets", '...[...uses.secrets].sort().map((name) => use("secrets", name)),', ""],
    ["counts reached nodes", "uses.reachesNode || choosesNode", "choosesNode"],
    ["counts chosen nodes", "uses.reachesNode || choosesNode", "uses.reachesNode"],
  ]),
  ...mutationsOf("decision/effects/pod-uses.ts", pods, [
    ["takes `default` for an absent account", '?? "default"', '?? ""'],
    ["counts an account that mounts by itself", "automounts || projectsCredential", "projectsCredential"],
    ["counts projected credentials", "automounts || projectsCredential", "automounts"],
    ["counts projected certificates", ', "podCertificate"]', "]"],
    ["counts host namespaces", "reachesNode || usesHost", "reachesNode"],
    ["counts Secrets of volumes", 'if (key === "secretName" &&', "if (false &&"],
    ["counts Secrets by reference", "if (secretReference.test(key))", "if (false)"],
    ["counts paths of the host", 'if (key === "hostPath"', 'if (key === "none"'],
    ["counts privileged containers", '(key === "privileged" || key === "hostProcess")', "false"],
    ["counts unmasked /proc", 'if (key === "procMount"', 'if (key === "none"'],
    ["walks lists", 'for (const item of next) if (typeof item === "object") pending.push(item);', ""],
  ]),
  ...mutationsOf("decision/effects/pod-specs.ts", pods, [
    [
      "sees init containers alone",
      '"containers", "initContainers", "ephemeralContainers"',
      '"containers", "ephemeralContainers"',
    ],
    [
      "sees ephemeral containers alone",
      '"containers", "initContainers", "ephemeralContainers"',
      '"containers", "initContainers"',
    ],
    ["escapes names", 'key.replaceAll("~", "~0").replaceAll("/", "~1")', "key"],
  ]),
  ...mutationsOf(
    "decision/coverage.ts",
    ["decision/effects/coverage.test.ts", "decision/fields/fields.test.ts", "decision/unusable-schema.test.ts", chain],
    [
      ["matches rules", "if (!match.covers) return", "if (false) return"],
      [
        "lets fields and schema speak of the own effect alone",
        'if (evidence === undefined) return { part: "operations" };',
        "if (evidence === undefined) return undefined;",
      ],
      ["takes fields for updates alone", 'if (effect.verb !== "update") return', "if (false) return"],
      [
        "keeps to the fields",
        'return first === undefined ? undefined : { part: "fields"',
        'return true ? undefined : { part: "fields"',
      ],
      [
        "keeps to the schema",
        "return missedFields(rule, effect, evidence) ?? missedSchema(rule, effect, evidence);",
        "return missedFields(rule, effect, evidence);",
      ],
      [
        "refuses by a schema that is unusable",
        'case "unusable":\n      return',
        'case "unusable":\n      return undefined;\n      return',
      ],
    ],
  ),
  ...mutationsOf(
    "decision/facts.ts",
    ["decision/effects/coverage.test.ts", chain],
    [["asks that every effect is covered", "effects.every((_, index)", "effects.some((_, index)"]],
  ),
  ...mutationsOf("decision/change/exact-change.ts", exact, [
    ["compares the digest", "if (digest === change.digest) return ownershipMoved(request);", "return undefined;"],
    [
      "looks at the ownership of fields",
      "if (digest === change.digest) return ownershipMoved(request);",
      "if (digest === change.digest) return undefined;",
    ],
    [
      "refuses what has no digest",
      "return `it is bound to one exact change, and this one has no digest",
      "return undefined && `it is bound to one exact change, and this one has no digest",
    ],
  ]),
  ...mutationsOf(
    "decision/change/field-ownership.ts",
    ["decision/fields/field-ownership.test.ts"],
    [
      ["sees what a manager gains", "if (isGained && ", "if (false && "],
      ["sees what a manager loses", "if (isLost && ", "if (false && "],
      [
        "refuses managed fields that are malformed",
        "if (!old || !next) return managedFieldsPath;",
        "if (!old || !next) return;",
      ],
      ["asks that a place above the change appears or goes", "&& !(old?.below.size && next?.below.size)", ""],
      ["merges updaters only when they are too many", ".length < maxUpdaters) return", ".length < 0) return"],
    ],
  ),
  ...mutationsOf("decision/change/change-digest.ts", exact, [
    ["refuses a weak salt", "if (problem !== undefined) throw new RangeError(problem);", ""],
    ["covers the uid", 'isNewObject(request) ? "" : (target.uid ?? "")', '""'],
    ["covers the options", "options: coveredOptions(request.options)", "options: {}"],
  ]),
  ...mutationsOf(
    "api/rules.ts",
    ["api/rules.test.ts", chain, "decision/effects/coverage.test.ts"],
    [
      [
        "lets no wildcard reach custom groups",
        '!(rule.apiGroups.includes("*") && isBuiltInGroup(effect.group))',
        '!rule.apiGroups.includes("*")',
      ],
      [
        "lets no wildcard reach subresources",
        '!(rule.resources.includes("*") && effect.subresource === "")',
        '!rule.resources.includes("*")',
      ],
      [
        "lets no wildcard cover USE",
        'if (effect.verb === "use" && !(namesGroup && namesResource)) return "resources";',
        "",
      ],
      [
        "lets no wildcard reach the protected set",
        "if (isProtected(effect.group, resource, more) && !(",
        "if (false && !(",
      ],
      ["asks that a rule for the protected set is High", ' && ruleRisk(rule) === "High")) {', ")) {"],
      [
        "keeps to operations",
        'if (!rule.operations.some((operation) => operations.includes(operation))) return "operations";',
        "",
      ],
      ["keeps to versions", '    return "apiVersions";', "    return undefined;"],
      [
        "keeps to the scope",
        'if ((rule.scope === "Namespaced") !== (effect.namespace !== undefined)) return "scope";',
        "",
      ],
      ["keeps to namespaces", 'return "namespaces";', "return undefined;"],
      ["keeps to names", '    return "resourceNames";', "    return undefined;"],
    ],
  ),
  ...mutationsOf(
    "admission/prove.ts",
    ["admission/gate/prove.test.ts", "admission/gate/prove-owners.test.ts", "admission/gate/prove-by-register.test.ts"],
    [
      ["reads what a verdict rests on", "if (isEmpty(rests) || isEmpty(wanted)) return", "return"],
      [
        "asks the register",
        "const { intents, gap, clockSkew } = await input.register();",
        "const { intents, gap, clockSkew } = { intents: [], gap: undefined, clockSkew: 0 };",
      ],
      ["denies when the register's clock is apart", "if (clockSkew > maxClockSkew)", "if (false)"],
      [
        "reads plainly where the register proves nothing",
        'const plainly = proof !== "register";',
        "const plainly = false;",
      ],
      ["reads plainly while a watch is silent", 'if (proof === "register" && input.silent()) proof = "silent";', ""],
      ["tells of a change under way", "!isResolved(intent, approval.metadata),", "false,"],
      ["reads the approval", "approvals: [approvalKey(approval)],", "approvals: [],"],
      ["reads the capability", "capabilities: [capability.metadata.name],", "capabilities: [],"],
      [
        "reads the root owner",
        "[rootOwner, identityOwner, policyOwner, ...approvingOwners]",
        "[identityOwner, policyOwner, ...approvingOwners]",
      ],
      [
        "reads the agent's owner",
        "[rootOwner, identityOwner, policyOwner, ...approvingOwners]",
        "[rootOwner, policyOwner, ...approvingOwners]",
      ],
      [
        "reads the policy owner",
        "[rootOwner, identityOwner, policyOwner, ...approvingOwners]",
        "[rootOwner, identityOwner, ...approvingOwners]",
      ],
      [
        "reads the approving owners",
        "[rootOwner, identityOwner, policyOwner, ...approvingOwners]",
        "[rootOwner, identityOwner, policyOwner]",
      ],
      [
        "reads owners for an own request",
        "owners: [rootOwner.metadata.name, identityOwner.metadata.name], capabilities: [], approvals: []",
        "owners: [], capabilities: [], approvals: []",
      ],
      ["denies when reads fail", 'verdict: deny("LiveReadFailed", message, "try again"),', "verdict,"],
      ["denies when clocks are apart", "if (fresh.clockSkew > maxClockSkew)", "if (false)"],
      ["decides anew on what was read", "judge(withFresh(cached, changed))", "judge(cached)"],
      ["reads approvals that may live by now", "verdict.awaiting.map(approvalKey)", "[]"],
    ],
  ),
  ...mutationsOf(
    "api/register/intent.ts",
    ["register/intent.test.ts"],
    [
      ["announces deletions", 'if (!object) return { kind: "deleted" };', "if (!object) return undefined;"],
      [
        "announces new owners and capabilities",
        'object.kind === "ElevationApproval" ? undefined : { kind: "created" }',
        "undefined",
      ],
      [
        "announces updates",
        'return { kind: "updated", generation: old.metadata.generation ?? Number.NaN };',
        "return undefined;",
      ],
      [
        "waits for a later generation",
        "(seen.generation ?? 0) > change.generation",
        "(seen.generation ?? 0) >= change.generation",
      ],
      [
        "waits for the same object",
        "const same = seen !== undefined && seen.uid === uid;",
        "const same = seen !== undefined;",
      ],
      ["waits for a deletion", "return !same || seen.deletionTimestamp !== undefined;", "return true;"],
      ["keeps names from leading elsewhere", "if (!nameForm.test(name) || ", "if ("],
      [
        "keeps to Writ's kinds",
        "const kind = plurals.get(plural);",
        "const kind = plurals.get(plural) ?? elevationApprovals;",
      ],
    ],
  ),
  ...mutationsOf(
    "api/register/content.ts",
    ["register/register.test.ts"],
    [
      ["distrusts what no guard wrote", "complete: intents.length === entries.length", "complete: true"],
      ["distrusts what is too large", "if (!entries || sizeOf(entries) > unreadableAt)", "if (!entries)"],
      ["is ever full", "return !entries || sizeOf(entries) > fullAt;", "return !entries;"],
    ],
  ),
  ...mutationsOf(
    "api/register/continuity.ts",
    ["register/register.test.ts"],
    [
      [
        "distrusts a register that takes another's place",
        "return memory.uid === uid ? memory : { uid, brokenAt: now };",
        "return { ...memory, uid };",
      ],
      ["distrusts it for ten minutes", "now - brokenAt >= intentLife", "true"],
    ],
  ),
  ...mutationsOf(
    "api/register/pruning.ts",
    ["register/register.test.ts"],
    [
      ["leaves an entry for ten minutes", "now - seenAt >= intentLife ?", "true ?"],
      ["counts a rewritten entry anew", "before?.value === value ?", "before ?"],
      ["leaves what was rewritten since", '{ op: "test", path: pointer(key), value },', ""],
      ["leaves another register alone", '{ op: "test", path: "/metadata/uid", value: uid },', ""],
    ],
  ),
  ...mutationsOf(
    "api/register/names-to-read.ts",
    ["register/register.test.ts", "admission/gate/prove-by-register.test.ts"],
    [
      ["reads owners with an open intent", '...names("identityowners")', ""],
      ["reads capabilities with an open intent", '...names("agentcapabilities")', ""],
      ["reads approvals with an open intent", "plainly || approvals.has(name)", "plainly"],
      ["reads owners plainly", "...(plainly ? restsOn.owners : []), ", ""],
      ["reads capabilities plainly", "...(plainly ? restsOn.capabilities : []), ", ""],
      ["reads approvals plainly", "plainly || approvals.has(name)", "approvals.has(name)"],
    ],
  ),
  ...mutationsOf(
    "admission/register-reader.ts",
    ["register/reader.test.ts"],
    [
      ["distrusts an incomplete register", 'if (!content.complete) return "incomplete";', ""],
      ["distrusts another register", 'isContinuous(known, monotonic()) ? undefined : "replaced"', "undefined"],
      [
        "distrusts the first after an unreadable one",
        "memory ??= rememberRegister(memory, undefined, monotonic());",
        "",
      ],
      ["parses what has changed", "if (last?.version !== version)", "if (!last)"],
      [
        "reads for each who asks later",
        "const shared = coalesce(read);",
        "let begun: Promise<RegisterReading> | undefined;\n  const shared = (_: string) => (begun ??= read());",
      ],
    ],
  ),
  ...mutationsOf(
    "admission/guard/register-writer.ts",
    ["register/writer.test.ts"],
    [
      ["marks a register that it makes", "data: { [incompleteKey]: newId() },", "data: {},"],
      ["marks a register that it empties", "value: { [incompleteKey]: newId() } },", "value: {} },"],
      ["empties a full register", "if (emptying || !full) return;", "return;"],
      ["tells that it could not write", "if (attempt === attempts) throw error;", "if (attempt === attempts) return;"],
      ["takes its keys out of binaryData", ", binaryData: null }", " }"],
    ],
  ),
  ...mutationsOf(
    "kube/freshness.ts",
    ["kube/freshness.test.ts", "kube/reflector.test.ts"],
    [
      ["counts the wall clock", " || wall - known.wall > limitMs", ""],
      ["counts the monotonic clock", "monotonic - known.monotonic > limitMs || ", ""],
      ["lets late lines end no silence", "if (silent()) return false;", ""],
      ["counts from when a read began", "known = begun;", "known = instant();"],
    ],
  ),
  ...mutationsOf(
    "admission/guard/guard.ts",
    ["admission/guard/announcements.test.ts"],
    [
      ["announces changes", "await announce(call, change.old, change.object);", ""],
      ["announces deletions", "await announceDeletion(call);", ""],
      [
        "lets a deletion go on",
        "const announced = announce(call, old, undefined).catch(failed);",
        "const announced = announce(call, old, undefined);",
      ],
    ],
  ),
  ...mutationsOf(
    "admission/gate.ts",
    ["admission/gate/gate.test.ts"],
    [
      [
        "denies while the cache is not synced",
        "problem === undefined ? await decideLive(request, fresh) : unsynced(request, problem)",
        "await decideLive(request, fresh)",
      ],
      [
        "denies what cannot be recorded",
        'return denialAnswer(\n        deny("RecordFailed"',
        'return answer ?? denialAnswer(\n        deny("RecordFailed"',
      ],
      [
        "records before it answers",
        'await record("decision", recorded)',
        'await record("decision", recorded).catch(() => ({ writer: "", index: 0n, leafHash: Buffer.alloc(0) }))',
      ],
      ["holds shadow mode off what is absolute", "!verdict.absolute && ", ""],
      ["ends shadow mode", " && now < shadowUntil", ""],
      ["seals denials of the protected set", "verdict: sealProtected(verdict, facts)", "verdict"],
    ],
  ),
  ...mutationsOf(
    "admission/authorize/judge-access.ts",
    ["admission/authorize/judge-access.test.ts"],
    [
      ["governs agents alone", "if (!governsAccess(spec, agents)) return undefined;", ""],
      ["denies masks", 'if (verb.startsWith("impersonate")) return "ImpersonationDenied";', ""],
      ["denies escalate", 'verb === "escalate" || ', ""],
      ["denies bind", ' || verb === "bind"', ""],
      ["denies proxies", 'subresource === "proxy" || ', ""],
      ["denies unsafe deletion", 'if (verb === "unsafe-delete-ignore-read-errors") return "UnsafeDeleteDenied";', ""],
      [
        "denies admission configuration",
        ' && !readVerbs.has(verb)) return "AdmissionConfigurationDenied";',
        ' && false) return "AdmissionConfigurationDenied";',
      ],
      ["denies writes to paths", 'readMethods.has(verb) ? undefined : "NonResourceWriteDenied"', "undefined"],
    ],
  ),
  ...mutationsOf("admission/guard/guard.ts", guard, [
    [
      "lets agents only request",
      'if (byAgent && !(change.resource === "elevationapprovals" && change.operation === "CREATE")) {',
      "if (false) {",
    ],
    [
      "refuses when it cannot look up",
      'return refuse("LookupFailed", "what the guard has to know could not be read from the API server");',
      "return admitted();",
    ],
    [
      "refuses what it cannot record",
      'return refusalAnswer(refuse("RecordFailed", "the change could not be recorded"));',
      "return answer;",
    ],
    ["asks who may claim", "if (!(await mayClaim(user, name))) {", "if (false) {"],
    ["looks at the content of owners", "return checkOwner(change, settings) ?? admitted(", "return admitted("],
    ["asks members to hand a capability over", "if (changesPolicyOwner(change) && !isMember", "if (false && !isMember"],
    ["asks members to suspend a capability", "if (changesSuspension(change) && !isMember)", "if (false)"],
    [
      "looks at the content of capabilities",
      "checkCapabilityContent(object, settings) ?? checkDefinition(change, snapshot, settings, clock())",
      "checkDefinition(change, snapshot, settings, clock())",
    ],
    [
      "looks at definitions",
      "checkCapabilityContent(object, settings) ?? checkDefinition(change, snapshot, settings, clock())",
      "checkCapabilityContent(object, settings)",
    ],
    [
      "approves on a synced cache alone",
      'if (problem !== undefined) return refuse("LookupFailed"',
      'if (false) return refuse("LookupFailed"',
    ],
    ["looks at new approvals", "old ? undefined : checkNewApproval(change, snapshot, settings)", "undefined"],
    ["looks at new decisions", "if (refusal) return refusal;\n  }\n  return admitted();", "}\n  return admitted();"],
  ]),
  ...mutationsOf("admission/guard/owner-change.ts", guard, [
    ["asks for `claim` to create", 'if (!old) return "claim";', 'if (!old) return "nothing";'],
    [
      "asks for `claim` to lift a suspension",
      "if (releases || powerFields.some(changed))",
      "if (powerFields.some(changed))",
    ],
    ["asks for `claim` to change members", '["members", "identities"', '["identities"'],
    ["asks for `claim` to change identities", '"identities", "resources", "decisions"', '"resources", "decisions"'],
    ["asks for `claim` to change resources", '"resources", "decisions"', '"decisions"'],
    ["refuses identities outside the agents", "  if (outside) {", "  if (false) {"],
    ["lets the root owner claim nothing", "name === settings.rootOwnerName && claims > 0", "false"],
  ]),
  ...mutationsOf("admission/guard/capability-change.ts", guard, [
    ["refuses agents outside the set", "  if (outside) {", "  if (false) {"],
    ["refuses Writ's namespaces in rules", "if (namespace !== undefined) {", "if (false) {"],
    ["refuses malformed fields", 'if (parsed.kind === "error") {', "if (false) {"],
    ["refuses unusable schemas", "  if (schema) {", "  if (false) {"],
    [
      "refuses Low rules for the protected set",
      'if (ruleRisk(rule) === "High") return undefined;',
      "return undefined;",
    ],
    [
      "refuses forged definitions",
      'return refuse(\n    "ForgedDefinition"',
      'return undefined && refuse(\n    "ForgedDefinition"',
    ],
  ]),
  ...mutationsOf("admission/guard/guard.ts", guard, [
    ["reserves requestIDs", "if (taken) return refusalAnswer(taken);", ""],
  ]),
  ...mutationsOf(
    "admission/request-ids/prove-reservations.ts",
    ["admission/request-ids/prove-reservations.test.ts"],
    [
      [
        "denies what was reserved for another object",
        "if (await holds(reservation)) continue;",
        "await holds(reservation); continue;",
      ],
      [
        "asks for the requestID under signatures",
        'lifecycle.approvals.some(({ kind }) => kind === "signed") ? [ofApproval()] : []',
        "[]",
      ],
      [
        "asks for the signed definition",
        "capability.spec.definedBy?.signature === undefined ? [] : [ofCapability()]",
        "[]",
      ],
    ],
  ),
  ...mutationsOf(
    "api/request-ids.ts",
    ["api/request-ids.test.ts"],
    [
      ["gives a reservation to no other object", "known?.uid !== request.uid", "false"],
      ["bounds the reservations of a namespace", "ofNamespace >= maxPerNamespace", "false"],
      ["bounds the bytes of a shard", "bytes > maxShardBytes", "false"],
      ["keeps what cannot be read", "if (!known) continue;", "if (!known) { changes[key] = null; continue; }"],
      ["renews while the object exists", "if (exists(namespace, known)) {", "if (false) {"],
      ["keeps what is not over", "known.until <= now", "true"],
    ],
  ),
  ...mutationsOf(
    "admission/request-ids/request-id-registry.ts",
    ["admission/request-ids/request-id-registry.test.ts"],
    [
      ["reserves by compare-and-swap", "metadata: { resourceVersion }, data", "data"],
      ["tries again after a conflict", "error.status === 409", "false"],
      ["takes no foreign reservation for its own", "parseReservation(text)?.uid !== approval.uid", "false"],
    ],
  ),
  ...mutationsOf("admission/guard/approval-change.ts", guard, [
    [
      "refuses unsigned decisions at creation",
      "if (!areSigned(spec.decisions ?? [])) return decisionsAtCreation();",
      "",
    ],
    ["refuses a forged requester", "if (spec.requestedBy !== user.username) {", "if (false) {"],
    ["lets an agent request for itself alone", "if (isAgent(user, settings.agents) && !isOwn) {", "if (false) {"],
    ["refuses a weak salt", "if (salt !== undefined) return", "if (false) return"],
    ["asks for the credential that is bound", "  if (unnamed) {", "  if (false) {"],
    [
      "looks at the terms",
      'return result.kind === "problem" ? refuse(result.code, result.message) : undefined;',
      "return undefined;",
    ],
    ["refuses decisions in another's name", "if (decision.by !== user.username) {", "if (false) {"],
    [
      "judges decisions",
      'if (judged.kind === "refusal") return judged;',
      'if (judged.kind === "refusal") return undefined;',
    ],
    ["asks for an attestation", "    payload !== undefined &&\n", "    payload === undefined ||\n"],
    ["asks that the attestation is this caller's", "    payload.userInfoDigest === userInfoDigest(user) &&\n", ""],
    ["asks that the attestation is fresh", "Math.abs(at - now) <= maxStampAge", "true"],
  ]),
  ...mutationsOf("admission/guard/judge-decision.ts", guard, [
    [
      "asks for a member",
      'if (member.kind === "refusal") return member;',
      'if (member.kind === "refusal" && member.code === "CredentialRequired") return member;',
    ],
    ["lets only owners with a say reject", "if (names.has(decision.ownerName)) return say;", "return say;"],
    [
      "lets nobody approve their own request",
      "if (excludedPersons(approval, owners).has(owners.person(by))) {",
      "if (false) {",
    ],
    [
      "lets only owners with a say approve",
      "if (!lines.some((line) => line.ownerName === decision.ownerName)) {",
      "if (false) {",
    ],
    [
      "lets nobody approve what is over",
      'if (["Denied", "Revoked", "Expired", "Exhausted"].includes(life.phase)) {',
      "if (false) {",
    ],
    [
      "compares the confirmed digest",
      "if (decision.policyDigest !== undefined && decision.policyDigest !== digest) {",
      "if (false) {",
    ],
  ]),
  ...mutationsOf(
    "api/remembered-lifecycle.ts",
    ["api/remembered-lifecycle.test.ts"],
    [
      ["remembers nothing of another capability", "a.capability === b.capability && ", ""],
      ["remembers nothing of another trust", " && a.trust === b.trust", ""],
      ["remembers nothing of other uses", " && a.uses === b.uses", ""],
      ["remembers nothing beyond the next change", " && now < life.nextChangeAt", ""],
      ["remembers nothing about the time before", "now >= input.now && ", ""],
    ],
  ),
  ...mutationsOf(
    "ledger/file-operations.ts",
    ["ledger/durable-writes.test.ts"],
    [
      ["makes new segments durable", "durably(O_RDWR | O_CREAT | O_EXCL)", "O_RDWR | O_CREAT | O_EXCL"],
      ["goes on durably with a segment", "durably(O_RDWR))", "O_RDWR)"],
    ],
  ),
  ...mutationsOf("admission/consume/use-counter.ts", uses, [
    ["gives no use beyond the limit", "at.uses + taken.length < waiter.maxUses", "true"],
    ["swaps one after the other", "if (state.swap !== undefined || monotonic", "if (monotonic"],
    ["rests between swaps", " || monotonic < mayBeginAt(state, wall)) return", ") return"],
    ["leaves a moment to others when all are back", "gathering.size ? restUntil :", "gathering.size ? 0 :"],
    ["waits for those who swapped together", ": Math.max(restUntil, gathering.until)", ": restUntil"],
    ["waits for others beyond nobody's own time", "isPressed || ", ""],
    ["waits for nobody after a conflict", "          gathering: idleCounter.gathering,\n", ""],
    ["waits for nobody too long", "Math.min(longestGathering, 4", "Math.max(longestGathering, 4"],
    ["carries no verdict on from another version", "state.lineage.includes(version)", "true"],
    ["forgets a version that a swap did not find", "...forget(ended, from),", "...ended,"],
    [
      "leaves out who has no time left",
      "const inTime = state.waiting.filter((waiter) => !isLate(waiter, wall));",
      "const inTime = state.waiting;",
    ],
    ["leaves out whose verdict time has ended", "wall < waiter.validUntil && ", ""],
    ["gives no use that nobody confirmed", "releases: takers.map(({ id }) => ({ id, outcome })) }", "releases: [] }"],
  ]),
  ...mutationsOf("admission/consume/consume-use.ts", uses, [
    [
      "stands back for decisions",
      "if (isHeld(counter, now)) return apply(counter, standBack(state, instant(), holdInterval));",
      "",
    ],
    ["stands back for a while only", "return now - counter.heldSince < longestHold;", "return true;"],
    [
      "sees a counter that was written back",
      "if (seen !== undefined && uses < seen.uses",
      "if (seen !== undefined && uses < 0",
    ],
    ["remembers the uses that it counted", 'if (outcome.kind === "counted") floor.raise(', "if (false) floor.raise("],
    ["remembers the uses that it read", "    floor.raise(uid, uses, timers.now());", ""],
    ["takes no old version for a fallen counter", "readSince !== undefined && seen.at < readSince", "true"],
  ]),
  ...mutationsOf("admission/consume/swap-uses.ts", uses, [
    ["swaps on one version", "metadata: { uid, resourceVersion: from }", "metadata: { uid }"],
    ["swaps on one object", "metadata: { uid, resourceVersion: from }", "metadata: { resourceVersion: from }"],
    ["compares what was stored", "!== uses || !version", "!== uses && !version"],
  ]),
  ...mutationsOf("admission/consume/remembered-uses.ts", uses, [
    [
      "repeats updates and deletions alone",
      'if (operation !== "UPDATE" && operation !== "DELETE") return undefined;',
      "",
    ],
    ["repeats one change", "use.digest === digestOf(request)", "true"],
    ["repeats one approval", "JSON.stringify([approvalUid, uid,", "JSON.stringify([uid,"],
    ["repeats one stored version", "uid, oldResourceVersion, requester", "uid, requester"],
    ["repeats one credential", "oldResourceVersion, requester.credentialId]", "oldResourceVersion]"],
    ["asks for a credential id", " || requester.credentialId === undefined", ""],
  ]),
  ...mutationsOf("admission/consume/count-verdict.ts", uses, [
    ["counts nothing for a rehearsal", " || request.dryRun) return", ") return"],
    ["reads what the cache lags behind", "if (past !== undefined && version === past) {", "if (false) {"],
    ["remembers what it counted", "      remembered.add(request, approval, { ordinal, of });\n", ""],
  ]),
  ...mutationsOf("admission/consume/decisions-under-way.ts", uses, [
    ["notes what is admitted alone", "!answer.allowed || ", ""],
    ["notes deletions", 'operation === "DELETE" || ', ""],
  ]),
  ...mutationsOf(
    "admission/gate.ts",
    ["admission/gate/gate.test.ts", ...uses],
    [["records which use it is", "      use,\n", ""]],
  ),
  ...mutationsOf("decision/facts.ts", uses, [["counts the very use once", "? uses - 1 : uses", "? uses : uses"]]),
  ...mutationsOf(
    "api/uses.ts",
    ["api/uses.test.ts"],
    [["believes no counter that is no whole number", " : Number.POSITIVE_INFINITY", " : 0"]],
  ),
  ...mutationsOf(
    "api/approval-terms.ts",
    ["api/lifecycle-phases.test.ts"],
    [["holds approvals to the capability's uses", "maxUses > policy.maxUses", "false"]],
  ),
  ...mutationsOf("admission/guard/person.ts", guard, [
    ["takes no agent for a person", "!isAgent(user, agents) && ", ""],
    ["takes no system identity for a person", " && !isSystemName(user.username)", ""],
    ["asks for membership", "if (!membership) {", "if (false) {"],
    ["asks for a credential", "if (credential === undefined) {", "if (false) {"],
  ]),
  ...mutationsOf(
    "api/ssh/verify-signature.ts",
    [sshSignatures],
    [
      ["asks for the namespace", "if (!namespace.equals(Buffer.from(input.namespace)))", "if (false)"],
      ["verifies with the key that signed", "parsed.value.blob.equals(blob)", "blob.length > 0"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/envelope.ts",
    [sshSignatures],
    [
      ["asks for the version", "if (version !== 1)", "if (version > 1)"],
      ["asks for a namespace", "if (value.namespace.length === 0)", "if (false)"],
      ["wants the reserved field empty", 'if (value["reserved field"].length > 0)', "if (false)"],
      ["knows which hashes count", 'algorithm !== "sha256" && algorithm !== "sha512"', 'algorithm === ""'],
    ],
  ),
  ...mutationsOf(
    "api/ssh/armor.ts",
    [sshSignatures],
    [
      ["wants nothing after the armor", "lines.at(-1) !== footer", "!lines.includes(footer)"],
      ["wants lines of 70 characters", "body.slice(0, -1).some((line) => line.length !== columns)", "false"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/raw-signature.ts",
    [sshSignatures],
    [
      ["knows which algorithms belong to a key", "if (!accepted.includes(algorithm))", "if (false)"],
      ["wants the security key touched", "if ((flags & userPresent) === 0)", "if (false)"],
      ["reads flags and counter alone", "flags === undefined || rest.length !== 5", "flags === undefined"],
      ["wants nothing after the signature", "return rest.length === 0 ? ok(data)", "return rest ? ok(data)"],
      [
        "wants numbers in their shortest form",
        "if (!r || !s)",
        "if (r === s || !r || !s) return ok(value);\n      if (false)",
      ],
      ["binds the touch to the application", "sha256(key.application), rest", 'sha256(Buffer.from("ssh:")), rest'],
      [
        "wants RSA signatures as long as the modulus",
        "return ofLength(value, scheme.modulusBytes);",
        "return ok(value);",
      ],
    ],
  ),
  ...mutationsOf(
    "api/ssh/wire.ts",
    [sshSignatures, sshKeys],
    [
      ["wants nothing after the last field", "return rest.length === 0 ? ok(strings)", "return rest ? ok(strings)"],
      ["knows negative numbers", "first === undefined || first >= 0x80", "first === undefined"],
      ["knows leading zeros", "return second >= 0x80 ? bytes.subarray(1) : undefined;", "return bytes.subarray(1);"],
      ["wants canonical base64", 'bytes.toString("base64") === text ? bytes : undefined', "bytes"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/key-line.ts",
    [sshKeys],
    [
      ["keeps private keys out of messages", 'if (line.includes("PRIVATE KEY"))', "if (false)"],
      ["reads one line", "[\\r\\n\\u2028\\u2029]", "[\\u2028\\u2029]"],
      ["compares the type with the key's", "return said.equals(Buffer.from(type))", "return said"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/public-key.ts",
    [sshKeys],
    [
      ["looks at the point of Ed25519", "const problem = ed25519PointProblem(point);", "const problem = undefined;"],
      ["compares the curve with the type's", "if (!curve.equals(Buffer.from(name)))", "if (false)"],
      ["wants long RSA keys", "bits < 2048", "bits < 1024"],
      ["wants RSA keys that can be calculated with", "bits > 8192", "bits > 16384"],
      ["wants an odd modulus", "if (isEven(modulus))", "if (false)"],
      ["refuses the exponent one", "|| exponent.equals(Buffer.of(1))", ""],
      ["wants an application", "if (application.length === 0)", "if (false)"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/ed25519-point.ts",
    [sshKeys],
    [
      ["refuses small orders", "if (smallOrder.has(y))", "if (false)"],
      ["refuses a second spelling of the point", "if (y >= p)", "if (false)"],
      ["looks whether the point is on the curve", "power(product, (p - 1n) / 2n) === 1n", "product > 0n"],
    ],
  ),
  ...mutationsOf(
    "api/ssh/remembering-verifier.ts",
    ["api/ssh/remembering-verifier.test.ts"],
    [
      ["remembers by namespace", "JSON.stringify([namespace, ", "JSON.stringify(["],
      ["remembers by message", 'Buffer.from(message).toString("base64")', "message.length"],
      ["remembers by keys", "signature, keys])", "signature])"],
    ],
  ),
  ...mutationsOf(
    "api/verify-signed.ts",
    [...signedLife, ...signedDecisions],
    [
      ["bounds how long a signature holds", "if (!window) {", "if (false) {"],
      ["verifies signatures", 'return verdict.kind === "valid"\n    ?', "return true\n    ?"],
    ],
  ),
  ...mutationsOf(
    "api/signed-decision.ts",
    [...signedLife, "decision/change-digest/documentation.test.ts"],
    [
      ["binds a signature to the cluster", "    clusterId,\n    namespace:", '    clusterId: "",\n    namespace:'],
      ["binds a signature to the namespace", 'namespace: approval.metadata.namespace ?? "",', 'namespace: "",'],
      ["binds a signature to the name", "name: approval.metadata.name,", 'name: "",'],
      ["binds a signature to the request", "specDigest: digest,", 'specDigest: "sha256:",'],
      ["binds a signature to the policy", 'policyDigest: decision.policyDigest ?? "",', 'policyDigest: "",'],
      ["binds a signature to the verdict", "verdict: decision.verdict,", 'verdict: "Approve",'],
      ["binds a signature to its end", 'notAfter: decision.notAfter ?? "",', 'notAfter: "2026-06-01T14:00:00.000Z",'],
      ["binds a signature to its reason", 'reason: decision.reason ?? "",', 'reason: "",'],
    ],
  ),
  ...mutationsOf("api/decisions.ts", signedLife, [
    ["lets nothing signed early count before creation", "Math.max(window.at, createdAt)", "window.at"],
    [
      "takes no signature beside an attestation",
      " || decision.attestation !== undefined || isSystemName(decision.by)",
      "",
    ],
    ["lets a signed rejection stand", 'if (decision.verdict === "Reject") {', "if (false) {"],
  ]),
  ...mutationsOf("api/counting-decisions.ts", signedLife, [
    ["counts signed decisions alone where the owner says so", 'owner.spec.decisions === "Signed"', "false"],
    [
      "asks that a signature verifies now",
      'if (verdict.kind === "invalid") {',
      'if (verdict.kind === "invalid" && false) {',
    ],
  ]),
  ...mutationsOf("api/votes.ts", signedLife, [
    ["leaves ended signatures out of the quorum", ".filter((decision) => endOf(decision) > at)", ""],
    ["ends with the signatures", "return { at, until };", "return { at, until: undefined };"],
  ]),
  ...mutationsOf(
    "api/lifecycle.ts",
    [...signedLife, "api/lifecycle-finality-signed.test.ts", "api/remembered-lifecycle.test.ts"],
    [
      ["looks again when the agent's owner is due for review", 'identityOwnerName ?? "", ', ""],
      ["looks again when who has voted is due for review", "[...lines, ...votes.asDecided]", "[...lines]"],
      ["looks again when a definition ends", ", parseTimestamp(capability.spec.definedBy?.notAfter)]", "]"],
      ["keeps what owners decide from being final", "&& !quorumInstant(approvers, votes.byName)", ""],
      ["looks again when signatures end", "...votes.asDecided.map(endOf), ", ""],
    ],
  ),
  ...mutationsOf(
    "api/people.ts",
    ["api/people.test.ts"],
    [["takes who share a key for one person", "join(user, holders.get(key) ?? user);", ""]],
  ),
  ...mutationsOf(
    "api/definition.ts",
    ["api/capability-state.test.ts"],
    [
      ["verifies signed definitions", 'if (verdict.kind === "invalid") {', "if (false) {"],
      ["lets signed definitions end", "if (now < verdict.notAfter) return undefined;", "return undefined;"],
      ["asks for signed definitions", "if (!mustSign) return undefined;", "return undefined;"],
      ["takes no signature beside an attestation", " || definedBy.attestation !== undefined", ""],
    ],
  ),
  ...mutationsOf("admission/guard/signed-decision-change.ts", signedDecisions, [
    ["takes no signature beside an attestation", "if (decision.attestation !== undefined) {", "if (false) {"],
    ["lets people alone sign", "if (isSystemName(by) || isAgent({ username: by }, settings.agents)) {", "if (false) {"],
    ["verifies signed decisions", 'if (verified.kind === "invalid") {', 'if (verified.kind === "invalid" && false) {'],
    ["asks for the times of signed approvals", "if (untimely) return untimely;", ""],
    ["asks who has a say", 'return say.kind === "refusal" ? say : undefined;', "return undefined;"],
    ["holds no time against a rejection", 'verdict === "Approve" ? checkSignatureTime', "true ? checkSignatureTime"],
  ]),
  ...mutationsOf("admission/guard/signature-time.ts", signedDecisions, [
    ["refuses signatures of the future", "if (at > now + maxLead) {", "if (false) {"],
    ["refuses signatures that have ended", "if (notAfter <= now) {", "if (false) {"],
  ]),
  ...mutationsOf("admission/guard/judge-decision.ts", signedDecisions, [
    [
      "refuses attested approvals where signatures are wanted",
      'if (decision.verdict === "Approve" && owner?.spec.decisions === "Signed") {',
      "if (false) {",
    ],
    [
      "refuses what was signed in time and comes too late",
      "if (decision.signature !== undefined && now >= result.terms.pendingUntil) {",
      "if (false) {",
    ],
  ]),
  ...mutationsOf("admission/guard/approval-change.ts", signedDecisions, [
    [
      "lets no agent bring decisions",
      "if (isAgent(user, settings.agents) && (spec.decisions?.length ?? 0) > 0) return decisionsAtCreation();",
      "",
    ],
  ]),
  ...mutationsOf("admission/guard/guard.ts", signedDecisions, [
    ["asks for the clock", 'isSigned(decision) && decision.verdict === "Approve"', "false"],
  ]),
  ...mutationsOf("admission/guard/signed-definition-change.ts", signedDefinitions, [
    ["asks for the policy owner's signature", "if (ownerName !== policyOwnerName) {", "if (false) {"],
    [
      "lets people alone define",
      "if (isSystemName(by) || isAgent({ username: by }, settings.agents)) {",
      "if (false) {",
    ],
    [
      "verifies signed definitions",
      'if (verified.kind === "invalid") {',
      'if (verified.kind === "invalid" && false) {',
    ],
    ["compares the content", "if (definedBy.policyDigest !== digest) {", "if (false) {"],
    ["asks for the times of definitions", "if (untimely) return untimely;", ""],
    ["brings no older definition back", "if (standing !== undefined && verified.at <= standing) {", "if (false) {"],
  ]),
  ...mutationsOf("admission/guard/reserve-request-id.ts", signedDecisions, [
    ["holds no reservation against a rejection", ' && verdict === "Approve").length', ").length"],
  ]),
  ...mutationsOf("admission/guard/reserve-definition.ts", signedDefinitions, [
    ["reserves signed definitions", "!bringsSignedDefinition(change)) return", "true) return"],
  ]),
  ...mutationsOf("admission/guard/owner-change.ts", guard, [
    ["refuses unusable keys", "if (problem !== undefined) {", "if (false) {"],
    ["says that a key is shared", ", ...sharedKeys(object, others)]", "]"],
  ]),
  ...mutationsOf("admission/guard/stamps.ts", stamps, [
    ["asks signed requests for what was signed", "if (refusal) return refusal;\n    }", "}"],
    [
      "attests no definition where signatures are wanted",
      '.spec.decisions === "Signed") {',
      '.spec.decisions === "Signed" && false) {',
    ],
    ["leaves a signed definition alone", "if (bringsSignedDefinition(change)) {", "if (false) {"],
  ]),
  ...mutationsOf("admission/guard/merge-decisions.ts", stamps, [
    ["puts back what was left out of a decision", "before : { ...before, ...sent }", "before : sent"],
    ["leaves an empty list to the schema", "entries.length === 0 || ", ""],
  ]),
];
