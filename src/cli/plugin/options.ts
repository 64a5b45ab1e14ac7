import { parseArgs } from "node:util";
import { parseDuration } from "../../api/duration.ts";
import { parseTimestamp } from "../../api/timestamp.ts";
import { UsageError } from "../run-main.ts";

/** How to reach the API server. */
export interface ConnectionOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly timeoutMs: number;
}

export interface DecideOptions extends ConnectionOptions {
  readonly verdict: "Approve" | "Reject";
  readonly name: string;
  readonly namespace?: string;
  readonly owner?: string;
  readonly reason?: string;
  /** Whether to go on without asking. */
  readonly yes: boolean;
  readonly clusterApprovalNamespace: string;
}

export interface SignOptions extends ConnectionOptions {
  readonly file: string;
  readonly key: string;
  readonly owner?: string;
  readonly verdict?: "Approve" | "Reject";
  readonly by?: string;
  readonly reason?: string;
  readonly notAfter?: NotAfter;
  readonly clusterId?: string;
  readonly capability?: string;
  readonly owners?: string;
  /** A file, or `-`. */
  readonly output: string;
  readonly clusterApprovalNamespace: string;
}

/** Milliseconds since the epoch, or from the moment of signing. */
export type NotAfter =
  { readonly kind: "at"; readonly at: number } | { readonly kind: "after"; readonly after: number };

export interface VerifyOptions extends ConnectionOptions {
  readonly file: string;
  readonly owners: string;
  readonly clusterId?: string;
  readonly capability?: string;
  /** Milliseconds since the epoch; absent means now. */
  readonly at?: number;
}

export type Invocation =
  | { readonly verb: "help"; readonly of: string | undefined }
  | { readonly verb: "decide"; readonly options: DecideOptions }
  | { readonly verb: "sign"; readonly options: SignOptions }
  | { readonly verb: "verify-decision"; readonly options: VerifyOptions };

const text = { type: "string" } as const;
const common = {
  kubeconfig: text,
  context: text,
  "request-timeout": text,
  help: { type: "boolean", short: "h" },
  as: text,
  "as-group": { type: "string", multiple: true },
  "as-uid": text,
  "as-user-extra": { type: "string", multiple: true },
} as const;
const onApproval = {
  ...common,
  namespace: { type: "string", short: "n" },
  owner: text,
  reason: text,
  yes: { type: "boolean", short: "y" },
  "cluster-approval-namespace": text,
} as const;
const onFile = {
  ...common,
  filename: { type: "string", short: "f" },
  "cluster-id": text,
  capability: text,
  owners: text,
} as const;

const defaultTimeout = 10_000;

/** Reads the words after `kubectl writ`. Throws a UsageError, or the TypeError of `parseArgs`. */
export function readInvocation([verb, ...args]: readonly string[]): Invocation {
  switch (verb) {
    case "approve":
    case "reject": {
      const { values, positionals } = parseArgs({ args, options: onApproval, allowPositionals: true });
      if (values.help) return { verb: "help", of: verb };
      if (verb === "reject" && values.yes) throw new UsageError("reject never asks, so it has no --yes");
      const [name, ...more] = positionals;
      if (name === undefined || name === "") throw new UsageError(`${verb} needs the name of an ElevationApproval`);
      if (more.length > 0) throw new UsageError(`${verb} takes one name, not also "${more.join(" ")}"`);
      return {
        verb: "decide",
        options: {
          ...connection(values),
          verdict: verb === "approve" ? "Approve" : "Reject",
          name,
          yes: values.yes ?? false,
          clusterApprovalNamespace: approvalNamespace(values),
          ...given(values, "namespace", "owner", "reason"),
        },
      };
    }
    case "sign": {
      const options = {
        ...onFile,
        key: text,
        owner: text,
        verdict: text,
        by: text,
        reason: text,
        "not-after": text,
        output: text,
        "cluster-approval-namespace": text,
      } as const;
      const { values } = parseArgs({ args, options });
      if (values.help) return { verb: "help", of: verb };
      const file = required("sign", "-f FILE", values.filename);
      const { verdict } = values;
      if (verdict !== undefined && verdict !== "Approve" && verdict !== "Reject") {
        throw new UsageError(`unknown verdict "${verdict}"; known are Approve and Reject`);
      }
      const notAfter = values["not-after"];
      const clusterId = values["cluster-id"];
      return {
        verb,
        options: {
          ...connection(values),
          file,
          key: required("sign", "--key FILE or --key agent", values.key),
          output: values.output ?? file,
          clusterApprovalNamespace: approvalNamespace(values),
          ...given(values, "owner", "by", "reason", "capability", "owners"),
          ...(verdict === undefined ? {} : { verdict }),
          ...(notAfter === undefined ? {} : { notAfter: readNotAfter(notAfter) }),
          ...(clusterId === undefined ? {} : { clusterId }),
        },
      };
    }
    case "verify-decision": {
      const { values } = parseArgs({ args, options: { ...onFile, at: text } });
      if (values.help) return { verb: "help", of: verb };
      const at = values.at === undefined ? undefined : parseTimestamp(values.at);
      if (values.at !== undefined && at === undefined) throw new UsageError(`--at "${values.at}" is no RFC 3339 time`);
      const clusterId = values["cluster-id"];
      return {
        verb,
        options: {
          ...connection(values),
          file: required(verb, "-f FILE", values.filename),
          owners: required(verb, "--owners FILE", values.owners),
          ...given(values, "capability"),
          ...(clusterId === undefined ? {} : { clusterId }),
          ...(at === undefined ? {} : { at }),
        },
      };
    }
    case undefined:
      throw new UsageError("a verb is missing: approve, reject, sign or verify-decision");
    case "help":
    case "--help":
    case "-h":
      return { verb: "help", of: args[0] };
    default:
      throw new UsageError(`unknown verb "${verb}"; known are approve, reject, sign and verify-decision`);
  }
}

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

function connection(values: Values): ConnectionOptions {
  const impersonation = Object.keys(values).find((name) => name === "as" || name.startsWith("as-"));
  if (impersonation !== undefined) {
    throw new UsageError(
      `--${impersonation} is refused: an impersonated request has no credential id, so nobody could be held to the decision`,
    );
  }
  const timeout = values["request-timeout"];
  const timeoutMs = typeof timeout === "string" ? parseDuration(timeout) : defaultTimeout;
  if (!timeoutMs) throw new UsageError(`--request-timeout "${String(timeout)}" is no duration such as 5s`);
  return { timeoutMs, ...given(values, "kubeconfig", "context") };
}

function approvalNamespace(values: Values): string {
  const name = values["cluster-approval-namespace"];
  return typeof name === "string" ? name : "writ-approvals";
}

function readNotAfter(value: string): NotAfter {
  const after = parseDuration(value);
  if (after !== undefined && after > 0) return { kind: "after", after };
  const at = parseTimestamp(value);
  if (at === undefined)
    throw new UsageError(`--not-after "${value}" is neither an RFC 3339 time nor a duration such as 72h`);
  return { kind: "at", at };
}

function required(verb: string, what: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`${verb} needs ${what}`);
  return value;
}

/** The named values that were given. */
function given<Name extends string>(values: Values, ...names: readonly Name[]): { readonly [K in Name]?: string } {
  const entries = names.flatMap((name) => {
    const value = values[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return Object.fromEntries(entries) as { readonly [K in Name]?: string };
}
