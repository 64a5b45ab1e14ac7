import { Ajv, type ErrorObject } from "ajv";
import { ConfigurationError, type ListenAddress, type ProtectedResource } from "./config.ts";
import { configurationSchema } from "./configuration-schema.ts";
import { nearestName } from "./nearest-name.ts";
import type { YamlPath, YamlSource } from "./parse-yaml.ts";

/** What the schema guarantees: the file's own shape with defaults filled in. */
export interface RawConfiguration {
  readonly kubeconfig?: string;
  readonly agents: { readonly namespaces: readonly string[]; readonly group: string };
  readonly namespaces: { readonly system: string; readonly clusterApprovals: string };
  readonly rootOwner: string;
  readonly webhook: {
    readonly listen: ListenAddress;
    readonly tls: { readonly certFile: string; readonly keyFile: string };
    readonly callers: {
      readonly clientCAFile?: string;
      readonly commonNames?: readonly string[];
      readonly pathFile?: string;
    };
    readonly lameDuckSeconds: number;
  };
  readonly attestation: { readonly signingKeyFile: string; readonly verificationKeyFiles: readonly string[] };
  readonly ledger: { readonly directory: string; readonly writer: string };
  readonly telemetry: { readonly webhook: ListenAddress; readonly operator: ListenAddress };
  readonly shadow?: { readonly until: string };
  readonly protected: readonly ProtectedResource[];
  readonly limits: { readonly maxConcurrent: number; readonly maxEventLoopLag: number };
}

/** JSON Pointer (RFC 6901) to a path; a part of digits is an index, since no key of the format is a number. */
const pathOf = (pointer: string): YamlPath =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));

const knownKeys = (error: ErrorObject): readonly string[] => {
  const parent: unknown = error.parentSchema;
  const known = typeof parent === "object" && parent !== null && "properties" in parent ? parent.properties : {};
  return typeof known === "object" && known !== null ? Object.keys(known) : [];
};

const describe = (source: YamlSource, error: ErrorObject): string => {
  const path = pathOf(error.instancePath);
  const parameter = (name: string): string => String(Object.hasOwn(error.params, name) ? error.params[name] : "");
  switch (error.keyword) {
    case "additionalProperties": {
      const key = parameter("additionalProperty");
      const known = knownKeys(error);
      const nearest = nearestName(key, known);
      const hint = nearest === undefined ? `known keys: ${known.join(", ")}` : `did you mean "${nearest}"?`;
      return source.atKey(path, key, `unknown key "${key}": ${hint}`);
    }
    case "required":
      return source.at(path, `"${parameter("missingProperty")}" is required`);
    case "const":
      return source.at(path, `must be ${JSON.stringify(error.params["allowedValue"])}, is ${given(error)}`);
    case "type":
      return source.at(path, `must be ${article(parameter("type"))}, is ${given(error)}`);
    default:
      return source.at(path, `${error.message ?? error.keyword}, is ${given(error)}`);
  }
};

const article = (type: string): string => `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;

const given = (error: ErrorObject): string => {
  const text: string | undefined = JSON.stringify(error.data);
  return text === undefined || text.length > 80 ? `a longer ${typeof error.data}` : text;
};

/** Checks against the schema and fills in defaults. Throws a ConfigurationError with one line a problem. */
export const checkShape = (source: YamlSource): RawConfiguration => {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: true });
  const validate = ajv.compile<RawConfiguration>(configurationSchema);
  const value = source.value;
  if (validate(value)) return value;
  throw new ConfigurationError([...new Set((validate.errors ?? []).map((error) => describe(source, error)))]);
};
