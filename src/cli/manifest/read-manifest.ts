import { readFileSync } from "node:fs";
import { isNode, parse } from "yaml";
import { agentCapabilities, elevationApprovals, identityOwners } from "../../api/kinds.ts";
import type { KindRef } from "../../api/kinds.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../api/types.gen.ts";
import { shapeProblem } from "./check-shape.ts";
import type { Schema, ShapeProblem } from "./check-shape.ts";
import { ManifestError } from "./manifest-error.ts";
import { parseDocuments, readText } from "./read-documents.ts";
import type { Documents, YamlDocument } from "./read-documents.ts";

export type SignableObject = ElevationApproval | AgentCapability;

export interface Manifest<T> {
  /** The file's name as messages show it. */
  readonly name: string;
  readonly text: string;
  readonly object: T;
}

/** Required in the cluster, but not in a file: stamped, or filled in when signing. */
const stamped: ReadonlySet<string> = new Set(["requestedBy", "requestID", "by", "at"]);

/** The one ElevationApproval or AgentCapability of a file. Throws a ManifestError. */
export async function readSignable(file: string): Promise<Manifest<SignableObject>> {
  const text = await readText(file);
  return { name: shownName(file), text, object: signableIn(shownName(file), text) };
}

/** The one ElevationApproval or AgentCapability of a text. Throws a ManifestError. */
export function signableIn(name: string, text: string): SignableObject {
  const documents = parseDocuments(name, text);
  return objectOf(documents, onlyDocument(documents), [elevationApprovals, agentCapabilities]) as SignableObject;
}

export async function readCapability(file: string): Promise<AgentCapability> {
  const documents = parseDocuments(shownName(file), await readText(file));
  return objectOf(documents, onlyDocument(documents), [agentCapabilities]) as AgentCapability;
}

/** All IdentityOwners of a file: one or several documents, or a List. Objects of other kinds are passed over. */
export async function readOwners(file: string): Promise<readonly IdentityOwner[]> {
  const documents = parseDocuments(shownName(file), await readText(file));
  const owners = documents.documents.flatMap((document) => {
    const value = fields(document.toJS());
    const listed = value["kind"] === "List" || value["kind"] === "IdentityOwnerList";
    const items: readonly unknown[] = listed && Array.isArray(value["items"]) ? value["items"] : [value];
    return items
      .filter((item) => fields(item)["kind"] === identityOwners.kind)
      .map((item, index) => {
        const path = listed ? ["items", index] : [];
        return checked(documents, document, item, identityOwners, path) as IdentityOwner;
      });
  });
  if (owners.length === 0) throw new ManifestError(`${documents.name}: holds no IdentityOwner`);
  const names = owners.map(({ metadata }) => metadata.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ManifestError(`${documents.name}: holds IdentityOwner "${twice}" twice`);
  return owners;
}

function onlyDocument({ name, documents }: Documents): YamlDocument {
  const [document] = documents;
  if (!document) throw new ManifestError(`${name}: holds no object`);
  if (documents.length > 1) {
    throw new ManifestError(`${name}: holds ${documents.length} documents: give each object a file of its own`);
  }
  return document;
}

function objectOf(documents: Documents, document: YamlDocument, kinds: readonly KindRef[]): unknown {
  const value: unknown = document.toJS();
  const kind = kinds.find((known) => known.kind === fields(value)["kind"]);
  if (!kind) {
    const found = fields(value)["kind"];
    const wanted = kinds.map((known) => known.kind).join(" or ");
    throw new ManifestError(
      `${documents.name}: expected one ${wanted}, found ${typeof found === "string" ? found : "no kind"}`,
    );
  }
  return checked(documents, document, value, kind, []);
}

function checked(
  documents: Documents,
  document: YamlDocument,
  value: unknown,
  kind: KindRef,
  path: ShapeProblem["path"],
): unknown {
  const { schema, apiVersion } = schemaOf(kind);
  const found = fields(value)["apiVersion"];
  const problem: ShapeProblem | undefined =
    found === apiVersion
      ? (metadataProblem(fields(fields(value)["metadata"]), kind) ?? shapeProblem(value, schema, stamped))
      : { path: ["apiVersion"], problem: `expected ${apiVersion}` };
  if (!problem) return value;
  throw documents.problemAt(
    offsetOf(document, [...path, ...problem.path]),
    `${shownPath([...path, ...problem.path])} ${problem.problem}`,
  );
}

function metadataProblem(metadata: Readonly<Record<string, unknown>>, kind: KindRef): ShapeProblem | undefined {
  const required = kind.namespaced ? ["name", "namespace"] : ["name"];
  const missing = required.find((key) => typeof metadata[key] !== "string" || metadata[key] === "");
  if (metadata["generateName"] !== undefined && missing !== undefined) {
    return { path: ["metadata", "generateName"], problem: "is no name: what is signed names the object" };
  }
  return missing === undefined ? undefined : { path: ["metadata", missing], problem: "is missing" };
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** The schema that the API server enforces, which closes nothing above `spec`: metadata is the API server's own. */
function schemaOf({ plural, group, version }: KindRef): { readonly schema: Schema; readonly apiVersion: string } {
  const text = readFileSync(new URL(`../../../crds/${plural}.yaml`, import.meta.url), "utf8");
  const definition = parse(text) as CustomResourceDefinition;
  const schema = definition.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema ?? {};
  const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const properties = { ...schema.properties, apiVersion: {}, kind: {}, metadata: open, status: open };
  return { schema: { ...schema, properties }, apiVersion: `${group}/${version}` };
}

/** Where the value stands, or its nearest ancestor that does. */
function offsetOf(document: YamlDocument, path: ShapeProblem["path"]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

function shownPath(path: ShapeProblem["path"]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${part}`))
    .join("");
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function shownName(file: string): string {
  return file === "-" ? "standard input" : file;
}
