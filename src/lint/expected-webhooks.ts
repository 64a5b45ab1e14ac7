import type { ClusterFacts } from "./facts.ts";

/** One webhook as manifests/install has it, with the configuration's names. */
export interface ExpectedWebhook {
  readonly configuration: {
    readonly kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";
    readonly name: string;
  };
  readonly name: string;
  readonly rule: {
    readonly apiGroups: readonly string[];
    readonly operations: readonly string[];
    readonly resources: readonly string[];
  };
  readonly failurePolicy: "Fail" | "Ignore";
  readonly selects: "agents" | "others-than-writ";
  readonly mutates: boolean;
  /** Notes what may not be refused: its absence hides nothing that matters at once. */
  readonly isNote: boolean;
}

const kinds = ["identityowners", "agentcapabilities", "elevationapprovals"] as const;

export const expectedWebhooks: readonly ExpectedWebhook[] = [
  {
    configuration: { kind: "ValidatingWebhookConfiguration", name: "writ-gate" },
    name: "gate.writ.dev",
    rule: { apiGroups: ["*"], operations: ["CREATE", "UPDATE", "DELETE", "CONNECT"], resources: ["*/*"] },
    failurePolicy: "Fail",
    selects: "agents",
    mutates: false,
    isNote: false,
  },
  {
    configuration: { kind: "ValidatingWebhookConfiguration", name: "writ-guard" },
    name: "guard.writ.dev",
    rule: { apiGroups: ["writ.dev"], operations: ["CREATE", "UPDATE"], resources: kinds },
    failurePolicy: "Fail",
    selects: "others-than-writ",
    mutates: false,
    isNote: false,
  },
  {
    configuration: { kind: "ValidatingWebhookConfiguration", name: "writ-guard" },
    name: "guard-delete.writ.dev",
    rule: { apiGroups: ["writ.dev"], operations: ["DELETE"], resources: kinds },
    failurePolicy: "Ignore",
    selects: "others-than-writ",
    mutates: false,
    isNote: true,
  },
  {
    configuration: { kind: "MutatingWebhookConfiguration", name: "writ-stamps" },
    name: "stamps.writ.dev",
    rule: { apiGroups: ["writ.dev"], operations: ["CREATE", "UPDATE"], resources: kinds },
    failurePolicy: "Fail",
    selects: "others-than-writ",
    mutates: true,
    isNote: false,
  },
];

/** What the gate's condition selects; undefined when it is not of the expected form. */
export interface GateSelection {
  readonly namespaces: readonly string[];
  readonly group: string;
}

/**
 * Reads the gate's condition. Only the expected form counts, since what another expression selects cannot be known
 * without evaluating it for every user: spaces aside it must be the one of manifests/install/gate.yaml.
 */
export function readGateCondition(expression: string): GateSelection | undefined {
  const user = "request.userInfo.username";
  const groups = "request.userInfo.groups";
  const match = new RegExp(
    `^\\(${literal(`${user}.startsWith('system:serviceaccount:')&&${user}.split(':')[2]in`)}\\[([^\\]]*)\\]\\)\\|\\|` +
      `\\(${literal(`has(${groups})&&`)}('[^']*')${literal(`in${groups}`)}\\)$`,
  ).exec(withoutSpaces(expression));
  const namespaces = stringList(match?.[1]);
  const group = stringList(match?.[2]);
  if (namespaces === undefined || group?.[0] === undefined) return undefined;
  return { namespaces, group: group[0] };
}

/** User names that the condition of guard or stamps excludes; undefined when it is not of the expected form. */
export function readExclusion(expression: string): readonly string[] | undefined {
  const match = /^!\(request\.userInfo\.usernamein\[([^\]]*)\]\)$/.exec(withoutSpaces(expression));
  return stringList(match?.[1]);
}

/** The only users that guard and stamps leave out. */
export function writAccounts({ installation }: ClusterFacts): readonly string[] {
  return ["writ-webhook", "writ-operator"].map(
    (name) => `system:serviceaccount:${installation.systemNamespace}:${name}`,
  );
}

/** Removes white space outside of quotes. */
function withoutSpaces(expression: string): string {
  return expression.replaceAll(/('[^']*'|"[^"]*")|\s+/g, (_all, quoted: string | undefined) => quoted ?? "");
}

/** A list of CEL strings in single or double quotes without escapes, less its brackets. */
function stringList(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text === "") return undefined;
  const items = text.split(",").map((item) => /^(?:'([^'"\\]*)'|"([^'"\\]*)")$/.exec(item));
  const values = items.map((item) => item?.[1] ?? item?.[2]);
  return values.every((value) => value !== undefined) ? values : undefined;
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
