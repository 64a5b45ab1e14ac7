/**
 * Writes what is generated from `crds/*.yaml`, TypeScript types and the reference page of the kinds, and from
 * `manifests/guard/*.yaml` and the gate, their static form, and the reference page of the plugin from its help.
 * With `--check` writes nothing and exits 1 when a file differs from what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pluginReference } from "./generate/plugin-reference.ts";
import { referenceOf } from "./generate/reference.ts";
import { readKind } from "./generate/shapes.ts";
import { staticPoliciesOf, staticWebhookOf } from "./generate/static-guard.ts";
import { typesOf } from "./generate/types.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const kinds = ["identityowners", "agentcapabilities", "elevationapprovals"].map((plural) =>
  readKind(read(`crds/${plural}.yaml`)),
);
const gate = "manifests/install/gate.yaml";
const generated = new Map([
  ["src/api/types.gen.ts", typesOf(kinds)],
  ["docs/reference/kinds.md", referenceOf(kinds)],
  ["docs/reference/kubectl-writ.md", pluginReference()],
  ...["configuration", "system", "agents"].map((name): [string, string] => {
    const source = `manifests/guard/${name}.yaml`;
    return [`manifests/guard/static/policies/${name}.yaml`, staticPoliciesOf(source, read(source))];
  }),
  ["manifests/guard/static/webhooks/gate.yaml", staticWebhookOf(gate, read(gate))],
]);

if (process.argv.includes("--check")) {
  const stale = [...generated].filter(([path, text]) => !isCurrent(path, text)).map(([path]) => path);
  if (stale.length > 0) {
    process.stderr.write(`${stale.join(", ")}: not what its source generates; run: npm run generate\n`);
    process.exitCode = 1;
  }
} else {
  for (const [path, text] of generated) writeFileSync(new URL(path, root), text);
}

function isCurrent(path: string, text: string): boolean {
  try {
    return read(path) === text;
  } catch {
    return false; // absent
  }
}
