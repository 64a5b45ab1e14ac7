import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigurationError, type CallersConfiguration, type WritConfiguration } from "./config.ts";
import { checkShape, type RawConfiguration } from "./check-shape.ts";
import { parseYaml, type YamlSource } from "./parse-yaml.ts";

const defaultCommonNames = ["kube-apiserver-webhook-client"] as const;

/** RFC 3339 section 5.6 with seconds; Date.parse alone would take "2027" or a local time. */
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Rules that a schema cannot say. Each problem names its place. */
const checkMeaning = (source: YamlSource, raw: RawConfiguration): readonly string[] => {
  const problems: string[] = [];
  const refuse = (path: readonly (string | number)[], problem: string): void => {
    problems.push(source.at(path, problem));
  };
  const reserved = new Map([
    ["kube-system", "its service accounts run the cluster"],
    [raw.namespaces.system, "Writ itself runs there"],
    [raw.namespaces.clusterApprovals, "it holds approvals for cluster-scoped objects"],
  ]);
  raw.agents.namespaces.forEach((namespace, index) => {
    const reason = reserved.get(namespace);
    if (reason !== undefined) {
      refuse(["agents", "namespaces", index], `"${namespace}" cannot be an agent namespace: ${reason}`);
    }
  });
  if (raw.agents.group.startsWith("system:")) {
    refuse(
      ["agents", "group"],
      `"${raw.agents.group}" would govern people or the cluster itself: choose a group without "system:"`,
    );
  }
  const { clientCAFile, commonNames, pathFile } = raw.webhook.callers;
  if ((clientCAFile === undefined) === (pathFile === undefined)) {
    refuse(["webhook", "callers"], `give exactly one of "clientCAFile" and "pathFile"`);
  } else if (clientCAFile === undefined && commonNames !== undefined) {
    refuse(["webhook", "callers", "commonNames"], `"commonNames" needs "clientCAFile"`);
  }
  if (raw.shadow !== undefined && !(rfc3339.test(raw.shadow.until) && Number.isFinite(Date.parse(raw.shadow.until)))) {
    refuse(["shadow", "until"], `"${raw.shadow.until}" is not an RFC 3339 time such as "2027-01-31T00:00:00Z"`);
  }
  return problems;
};

const callersOf = (
  callers: RawConfiguration["webhook"]["callers"],
  file: (name: string) => string,
): CallersConfiguration =>
  callers.pathFile === undefined
    ? {
        kind: "client-certificate",
        clientCAFile: file(callers.clientCAFile ?? ""),
        commonNames: callers.commonNames ?? defaultCommonNames,
      }
    : { kind: "path", pathFile: file(callers.pathFile) };

/**
 * Reads Writ's configuration (format: docs/reference/configuration.md). Relative file names in it are taken from the
 * directory of `file`. Throws a ConfigurationError with one line a problem when it cannot be read or used; the files
 * that it names are opened by those who use them.
 */
export const loadConfiguration = (file: string): WritConfiguration => {
  const source = parseYaml(file, read(file));
  const raw = checkShape(source);
  const problems = checkMeaning(source, raw);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const absolute = (name: string): string => resolve(dirname(file), name);
  return {
    ...(raw.kubeconfig === undefined ? {} : { kubeconfig: absolute(raw.kubeconfig) }),
    agents: raw.agents,
    namespaces: raw.namespaces,
    rootOwner: raw.rootOwner,
    webhook: {
      listen: raw.webhook.listen,
      tls: { certFile: absolute(raw.webhook.tls.certFile), keyFile: absolute(raw.webhook.tls.keyFile) },
      callers: callersOf(raw.webhook.callers, absolute),
      lameDuckSeconds: raw.webhook.lameDuckSeconds,
    },
    attestation: {
      signingKeyFile: absolute(raw.attestation.signingKeyFile),
      verificationKeyFiles: raw.attestation.verificationKeyFiles.map(absolute),
    },
    ledger: { directory: absolute(raw.ledger.directory), writer: raw.ledger.writer },
    telemetry: raw.telemetry,
    ...(raw.shadow === undefined ? {} : { shadow: { until: Date.parse(raw.shadow.until) } }),
    protected: raw.protected,
    limits: raw.limits,
  };
};

const read = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([`${file}: cannot be read: ${reason}`]);
  }
};
