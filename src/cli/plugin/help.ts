/** A verb of `kubectl writ` as its help and the reference page describe it. */
export interface VerbHelp {
  readonly verb: string;
  readonly what: string;
  readonly usage: string;
  readonly about: string;
  readonly options: readonly (readonly [name: string, meaning: string])[];
  readonly examples: readonly (readonly [what: string, command: string])[];
}

const connection = [
  ["--kubeconfig FILE", "instead of $KUBECONFIG or ~/.kube/config"],
  ["--context NAME", "a context of the kubeconfig; its current one when absent"],
  ["--request-timeout DURATION", "for one call, such as 5s; 10s when absent"],
] as const;
const namespace = ["-n, --namespace NAME", "that of the approval; the context's own when absent"] as const;
const clusterApprovals = [
  "--cluster-approval-namespace NAME",
  "where approvals of cluster-scoped objects stand; writ-approvals when absent",
] as const;
const help = ["-h, --help", "print this"] as const;
const key = [
  "--key FILE|agent",
  "a private key, a public key whose private half the ssh-agent holds, or the agent's key",
] as const;
const clusterId = ["--cluster-id UID", "uid of the namespace kube-system; read from the cluster when absent"] as const;

export const verbs: readonly VerbHelp[] = [
  {
    verb: "approve",
    what: "approve a request, as the person that the kubeconfig authenticates",
    usage: "kubectl writ approve NAME [-n NAMESPACE] [--owner OWNER] [--reason TEXT] [--yes]",
    about: `Shows what is asked for and on which policy, asks for confirmation on a terminal, and approves. Writ stamps who
and when. The approval is bound to the policy that was shown: when the policy changes in between, it is refused.
Without --owner it is given in the name of the one owner that still has to approve and of which you are a member.
Approving twice changes nothing.`,
    options: [
      namespace,
      ["--owner OWNER", "the IdentityOwner in whose name you approve"],
      ["--reason TEXT", "why, for the record"],
      ["-y, --yes", "do not ask for confirmation"],
      clusterApprovals,
      ...connection,
      help,
    ],
    examples: [
      ["Look, confirm, approve", "kubectl writ approve inc-1234 -n payments-prod"],
      ["In the name of one of your owners", "kubectl writ approve inc-1234 --owner payments --reason 'on call agrees'"],
    ],
  },
  {
    verb: "reject",
    what: "reject a request, or revoke what was approved",
    usage: "kubectl writ reject NAME [-n NAMESPACE] [--owner OWNER] [--reason TEXT]",
    about: `Final, and asks nothing: once it says "rejected", no later request of the agent is admitted under it. Any member
of an owner that has a say may reject, before and after approval. Without --owner it is given in the name of the first
such owner of which you are a member. Rejecting twice changes nothing.`,
    options: [
      namespace,
      ["--owner OWNER", "the IdentityOwner in whose name you reject"],
      ["--reason TEXT", "why, for the record"],
      clusterApprovals,
      ...connection,
      help,
    ],
    examples: [["End it now", "kubectl writ reject inc-1234 -n payments-prod --reason 'rollout is over'"]],
  },
  {
    verb: "sign",
    what: "sign a decision, or a policy, in a file that a pipeline applies",
    usage:
      "kubectl writ sign -f FILE [--owner OWNER] --key FILE|agent [--verdict Approve|Reject] [--by USER] [--reason TEXT]\n" +
      "    [--not-after TIME|DURATION] [--cluster-id UID] [--capability FILE] [--owners FILE] [--output FILE|-]",
    about: `Adds a signed decision to the ElevationApproval in FILE, or a signed definedBy to the AgentCapability in it, and
leaves the rest of the file as it is, comments included. ssh-keygen signs, so passphrases, agents and security keys work
as they do elsewhere. A requestID is filled in when there is none. What the options do not give is read from the cluster;
with --cluster-id, --capability and one of --by and --owners nothing is, and no cluster is needed. Signing again for the
same owner and verdict replaces your earlier signature. FILE is YAML or JSON with one object; - is the standard input.`,
    options: [
      ["-f, --filename FILE", "what to sign"],
      key,
      ["--owner OWNER", "the IdentityOwner in whose name you sign; for a capability its policy owner"],
      ["--verdict VERDICT", "Approve, which is meant when absent, or Reject; for approvals only"],
      ["--by USER", "your user name in the owner; found by the key when absent"],
      ["--reason TEXT", "why, for the record; for approvals only"],
      [
        "--not-after TIME|DURATION",
        "when the signature ends: RFC 3339, or from now. 72h when absent, at most 720h (30 days);\nof a capability 2160h (90 days) in both cases",
      ],
      clusterId,
      ["--capability FILE", "the AgentCapability that the approval names; read from the cluster when absent"],
      ["--owners FILE", "IdentityOwners, several documents allowed; read from the cluster when absent and --by is too"],
      ["--output FILE|-", "where to write; FILE itself when absent, the standard output for -"],
      clusterApprovals,
      ...connection,
      help,
    ],
    examples: [
      [
        "Approve for payments with a key of yours",
        "kubectl writ sign -f inc-1234.yaml --owner payments --key ~/.ssh/id_ed25519",
      ],
      [
        "Without a cluster, with the key in the agent",
        "kubectl writ sign -f inc-1234.yaml --owner payments --key agent --cluster-id 0b0bd8a2-8d3c-4a4b-a1a4-0f4c5e0c7d11 \\\n    --capability payments-scaler.yaml --owners owners.yaml",
      ],
      [
        "Put a policy in force for a quarter",
        "kubectl writ sign -f payments-scaler.yaml --key ~/.ssh/id_ed25519 --not-after 2160h",
      ],
    ],
  },
  {
    verb: "verify-decision",
    what: "check the signed decisions in a file",
    usage: "kubectl writ verify-decision -f FILE --owners FILE [--cluster-id UID] [--capability FILE] [--at TIME]",
    about: `Prints one line for each decision of the ElevationApproval, or for definedBy of the AgentCapability, in FILE: valid
or invalid and why, by whom, with which key, until when. Exits 0 only if there is at least one and all are valid. What
Writ stamped itself cannot be checked here and counts as invalid. An edit after signing shows: every field but
requestedBy is signed.`,
    options: [
      ["-f, --filename FILE", "what to check"],
      ["--owners FILE", "IdentityOwners, several documents or a List"],
      clusterId,
      ["--capability FILE", "the AgentCapability that the approval names; read from the cluster when absent"],
      ["--at TIME", "the instant to check for, RFC 3339; now when absent"],
      ...connection,
      help,
    ],
    examples: [
      [
        "In a pipeline, without a cluster",
        "kubectl writ verify-decision -f inc-1234.yaml --owners owners.yaml --capability payments-scaler.yaml \\\n    --cluster-id 0b0bd8a2-8d3c-4a4b-a1a4-0f4c5e0c7d11",
      ],
    ],
  },
];

export const overview = `kubectl writ: decide on what AI agents may write

${verbs.map(({ verb, what }) => `  kubectl writ ${verb.padEnd(16)} ${what}`).join("\n")}

kubectl writ VERB --help says more.
`;

export function helpText({ what, usage, about, options, examples }: VerbHelp): string {
  const width = Math.max(...options.map(([name]) => name.length));
  const indent = `\n${" ".repeat(width + 4)}`;
  return [
    `${what[0]?.toUpperCase() ?? ""}${what.slice(1)}.`,
    about,
    `Usage:\n  ${usage}`,
    `Options:\n${options.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning.replaceAll("\n", indent)}`).join("\n")}`,
    `Examples:\n${examples.map(([what, command]) => `  # ${what}\n  ${command}`).join("\n")}`,
  ]
    .join("\n\n")
    .concat("\n");
}
