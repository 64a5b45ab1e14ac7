import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigurationError } from "../../../src/config/config.ts";
import { configurationSchema } from "../../../src/config/configuration-schema.ts";
import { loadConfiguration } from "../../../src/config/load-configuration.ts";

const minimal = `apiVersion: config.writ.dev/v1alpha1
kind: WritConfiguration
agents:
  namespaces: [agents]
webhook:
  tls: {certFile: tls.crt, keyFile: /etc/tls.key}
  callers:
    pathFile: path
attestation: {signingKeyFile: key.pem, verificationKeyFiles: [key.pub]}
ledger: {directory: ledger, writer: w0}
`;

const load = (
  text: string | Buffer,
): { readonly directory: string; readonly load: () => ReturnType<typeof loadConfiguration> } => {
  const directory = mkdtempSync(join(tmpdir(), "writ-config-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "writ.yaml");
  writeFileSync(file, text);
  return { directory, load: () => loadConfiguration(file) };
};

/** Problems with the directory cut off: `writ.yaml:3: ...`. */
const problemsOf = (text: string | Buffer): readonly string[] => {
  const { directory, load: attempt } = load(text);
  try {
    attempt();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map((line) => line.replaceAll(`${directory}/`, ""));
    throw error;
  }
  return [];
};

describe("a configuration that can be used", () => {
  test("has every default filled in and absolute file names", () => {
    const { directory, load: attempt } = load(minimal);
    expect(attempt()).toEqual({
      agents: { namespaces: ["agents"], group: "writ.dev:agents" },
      namespaces: { system: "writ-system", clusterApprovals: "writ-approvals" },
      rootOwner: "cluster",
      webhook: {
        listen: { host: "0.0.0.0", port: 7443 },
        tls: { certFile: join(directory, "tls.crt"), keyFile: "/etc/tls.key" },
        callers: { kind: "path", pathFile: join(directory, "path") },
        lameDuckSeconds: 10,
      },
      attestation: { signingKeyFile: join(directory, "key.pem"), verificationKeyFiles: [join(directory, "key.pub")] },
      ledger: { directory: join(directory, "ledger"), writer: "w0" },
      telemetry: { webhook: { host: "0.0.0.0", port: 7444 }, operator: { host: "0.0.0.0", port: 7445 } },
      protected: [],
      limits: { maxConcurrent: 512, maxEventLoopLag: 200 },
    });
  });

  test("knows callers by their certificate, with the API server's usual name as default", () => {
    const { directory, load: attempt } = load(minimal.replace("pathFile: path", "clientCAFile: ca.crt"));
    expect(attempt().webhook.callers).toEqual({
      kind: "client-certificate",
      clientCAFile: join(directory, "ca.crt"),
      commonNames: ["kube-apiserver-webhook-client"],
    });
  });

  test("carries what is optional", () => {
    const text = `${minimal}kubeconfig: k\nshadow: {until: "2027-01-31T00:00:00Z"}\nprotected: [{apiGroup: "", resource: pods/exec}]\nlimits: {maxConcurrent: 8}\n`;
    const { directory, load: attempt } = load(text);
    expect(attempt()).toMatchObject({
      kubeconfig: join(directory, "k"),
      shadow: { until: Date.UTC(2027, 0, 31) },
      protected: [{ apiGroup: "", resource: "pods/exec" }],
      limits: { maxConcurrent: 8, maxEventLoopLag: 200 },
    });
  });

  test("the page's example can be used", () => {
    const page = readFileSync(new URL("../../../docs/reference/configuration.md", import.meta.url), "utf8");
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(problemsOf(example)).toEqual([]);
  });
});

describe("a configuration that cannot be used", () => {
  test.each([
    [
      "a misspelt key",
      minimal.replace("pathFile", "pathfile"),
      ['writ.yaml:8: webhook.callers.pathfile: unknown key "pathfile": did you mean "pathFile"?'],
    ],
    [
      "a key that resembles nothing",
      minimal.replace("    pathFile: path", "    pathFile: path\n    colour: red"),
      ['writ.yaml:9: webhook.callers.colour: unknown key "colour": known keys: clientCAFile, commonNames, pathFile'],
    ],
    [
      "__proto__ as a key",
      `${minimal}__proto__: {a: 1}\n`,
      [expect.stringMatching(/^writ\.yaml:11: __proto__: unknown key "__proto__": known keys: /)],
    ],
    ["a missing key", minimal.replace(", writer: w0", ""), ['writ.yaml:10: ledger: "writer" is required']],
    [
      "a wrong type",
      minimal.replace("[agents]", "agents"),
      ['writ.yaml:4: agents.namespaces: must be an array, is "agents"'],
    ],
    [
      "another version",
      minimal.replace("v1alpha1", "v1"),
      ['writ.yaml:1: apiVersion: must be "config.writ.dev/v1alpha1", is "config.writ.dev/v1"'],
    ],
    [
      "an agent namespace that is no name",
      minimal.replace("[agents]", "[agents, A_B]"),
      [expect.stringMatching(/^writ\.yaml:4: agents\.namespaces\[1\]: must match pattern .*, is "A_B"$/)],
    ],
    [
      "kube-system as agent namespace",
      minimal.replace("[agents]", "[kube-system]"),
      [
        'writ.yaml:4: agents.namespaces[0]: "kube-system" cannot be an agent namespace: its service accounts run the cluster',
      ],
    ],
    [
      "Writ's own namespaces as agent namespaces",
      `${minimal.replace("[agents]", "[mine, writ-approvals]")}namespaces: {system: mine}\n`,
      [
        'writ.yaml:4: agents.namespaces[0]: "mine" cannot be an agent namespace: Writ itself runs there',
        'writ.yaml:4: agents.namespaces[1]: "writ-approvals" cannot be an agent namespace: it holds approvals for cluster-scoped objects',
      ],
    ],
    [
      "everybody as agents",
      minimal.replace("[agents]", '[agents]\n  group: "system:authenticated"'),
      [expect.stringMatching(/^writ\.yaml:5: agents\.group: "system:authenticated" would govern people/)],
    ],
    [
      "both ways to know callers",
      minimal.replace("pathFile: path", "{pathFile: path, clientCAFile: ca}").replace("callers:\n    ", "callers: "),
      ['writ.yaml:7: webhook.callers: give exactly one of "clientCAFile" and "pathFile"'],
    ],
    [
      "no way to know callers",
      minimal.replace("callers:\n    pathFile: path", "callers: {}"),
      ['writ.yaml:7: webhook.callers: give exactly one of "clientCAFile" and "pathFile"'],
    ],
    [
      "names of certificates without certificates",
      minimal.replace("pathFile: path", "pathFile: path\n    commonNames: [x]"),
      ['writ.yaml:9: webhook.callers.commonNames: "commonNames" needs "clientCAFile"'],
    ],
    [
      "shadow mode without an end that is a time",
      `${minimal}shadow: {until: "2027"}\n`,
      ['writ.yaml:11: shadow.until: "2027" is not an RFC 3339 time such as "2027-01-31T00:00:00Z"'],
    ],
    ["a repeated key", `${minimal}ledger: {}\n`, ["writ.yaml:11: Map keys must be unique"]],
    [
      "an anchor and an alias",
      minimal.replace("[agents]", "&a [agents]").replace("[key.pub]", "*a"),
      [
        "writ.yaml:4: anchors are not allowed: write the value out",
        "writ.yaml:9: aliases are not allowed: write the value out",
      ],
    ],
    ["two documents", `${minimal}---\n${minimal}`, [expect.stringMatching(/^writ\.yaml:\d+: .*multiple documents/i)]],
    ["a tag", minimal.replace("w0", "!secret w0"), [expect.stringMatching(/^writ\.yaml:10: Unresolved tag/)]],
    ["no map", "hello", ['writ.yaml:1: must be an object, is "hello"']],
    ["nothing", "", ["writ.yaml:1: must be an object, is null"]],
    ["invalid UTF-8", Buffer.from([0x61, 0xff]), ["writ.yaml: not valid UTF-8"]],
    ["a huge file", Buffer.alloc(1024 * 1024 + 1, 0x23), ["writ.yaml: larger than 1 MiB"]],
  ])("%s", (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test("every problem is told at once, one line each", () => {
    const problems = problemsOf(minimal.replace("writer: w0", "writer: W0, color: x").replace("tls.crt", '""'));
    expect(problems.length).toBe(3);
    expect(problems.every((line) => line.startsWith("writ.yaml:") && !line.includes("\n"))).toBe(true);
  });

  test("a file that is not there is named", () => {
    expect(() => loadConfiguration("/nowhere/writ.yaml")).toThrow(/^\/nowhere\/writ\.yaml: cannot be read: /);
  });
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly default?: unknown;
}

const documentedKeys = (node: SchemaNode, path: string): readonly (readonly [key: string, fallback: unknown])[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = path === "" ? name : `${path}.${name}`;
    return [
      [key, child.default] as const,
      ...documentedKeys(child, key),
      ...documentedKeys(child.items ?? {}, `${key}[]`),
    ];
  });

test("docs/reference/configuration.md lists exactly the keys of the schema, with their defaults", () => {
  const page = readFileSync(new URL("../../../docs/reference/configuration.md", import.meta.url), "utf8").replaceAll(
    / +/g,
    " ",
  );
  const rows = new Map([...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, key, fallback]) => [key, fallback]));
  const keys = documentedKeys(configurationSchema as SchemaNode, "");
  expect([...rows.keys()]).toEqual(keys.map(([key]) => key));
  for (const [key, fallback] of keys) {
    if (typeof fallback === "string" || typeof fallback === "number") expect(rows.get(key)).toBe(`\`${fallback}\``);
  }
});
