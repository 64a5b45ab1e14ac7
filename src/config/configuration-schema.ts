/**
 * JSON Schema (draft 2020-12 subset that ajv's default dialect shares) of `config.writ.dev/v1alpha1`: the single
 * source of keys, bounds and defaults. docs/reference/configuration.md is checked against it.
 */

const dnsLabel = { type: "string", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" } as const;
const fileName = { type: "string", minLength: 1, maxLength: 4096 } as const;

const listen = (host: string, port: number) =>
  ({
    type: "object",
    additionalProperties: false,
    default: {},
    properties: {
      host: { type: "string", minLength: 1, maxLength: 253, default: host },
      port: { type: "integer", minimum: 0, maximum: 65_535, default: port },
    },
  }) as const;

export const configurationSchema = {
  type: "object",
  additionalProperties: false,
  required: ["apiVersion", "kind", "agents", "webhook", "attestation", "ledger"],
  properties: {
    apiVersion: { type: "string", const: "config.writ.dev/v1alpha1" },
    kind: { type: "string", const: "WritConfiguration" },
    kubeconfig: fileName,
    agents: {
      type: "object",
      additionalProperties: false,
      required: ["namespaces"],
      properties: {
        namespaces: { type: "array", minItems: 1, maxItems: 5000, uniqueItems: true, items: dnsLabel },
        group: { type: "string", minLength: 1, maxLength: 256, default: "writ.dev:agents" },
      },
    },
    namespaces: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        system: { ...dnsLabel, default: "writ-system" },
        clusterApprovals: { ...dnsLabel, default: "writ-approvals" },
      },
    },
    rootOwner: {
      type: "string",
      pattern: "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
      default: "cluster",
    },
    webhook: {
      type: "object",
      additionalProperties: false,
      required: ["tls", "callers"],
      properties: {
        listen: listen("0.0.0.0", 7443),
        tls: {
          type: "object",
          additionalProperties: false,
          required: ["certFile", "keyFile"],
          properties: { certFile: fileName, keyFile: fileName },
        },
        callers: {
          type: "object",
          additionalProperties: false,
          properties: {
            clientCAFile: fileName,
            commonNames: {
              type: "array",
              minItems: 1,
              maxItems: 16,
              items: { type: "string", minLength: 1, maxLength: 256 },
            },
            pathFile: fileName,
          },
        },
        lameDuckSeconds: { type: "integer", minimum: 0, maximum: 300, default: 10 },
      },
    },
    attestation: {
      type: "object",
      additionalProperties: false,
      required: ["signingKeyFile", "verificationKeyFiles"],
      properties: {
        signingKeyFile: fileName,
        verificationKeyFiles: { type: "array", minItems: 1, maxItems: 16, items: fileName },
      },
    },
    ledger: {
      type: "object",
      additionalProperties: false,
      required: ["directory", "writer"],
      properties: { directory: fileName, writer: dnsLabel },
    },
    telemetry: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: { webhook: listen("0.0.0.0", 7444), operator: listen("0.0.0.0", 7445) },
    },
    shadow: {
      type: "object",
      additionalProperties: false,
      required: ["until"],
      properties: { until: { type: "string", maxLength: 64 } },
    },
    protected: {
      type: "array",
      maxItems: 1000,
      default: [],
      items: {
        type: "object",
        additionalProperties: false,
        required: ["apiGroup", "resource"],
        properties: {
          apiGroup: { type: "string", pattern: "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$" },
          resource: { type: "string", pattern: "^(\\*|[a-z0-9][a-z0-9-]{0,62}(/[a-z0-9][a-z0-9-]{0,62})?)$" },
        },
      },
    },
    limits: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        maxConcurrent: { type: "integer", minimum: 1, maximum: 100_000, default: 512 },
        maxEventLoopLag: { type: "integer", minimum: 1, maximum: 60_000, default: 200 },
      },
    },
  },
} as const;
