/** Reads CRDs into a flat list of named object shapes, from which types and reference pages are written. */
import { parse } from "yaml";

/** The part of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps) that the generator reads. */
export interface Schema {
  readonly type: "object" | "array" | "string" | "integer" | "boolean";
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** A CEL rule. */
interface Rule {
  readonly rule: string;
  readonly message: string;
}

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortName: string;
  /** The root shape first, then its parts in the order of the schema. */
  readonly shapes: readonly Shape[];
}

/** One object of the schema. `path` is empty for the root, else as in `spec.rules[]`. */
export interface Shape {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly fields: readonly Field[];
  /** Messages of the CEL rules of the object. */
  readonly rules: readonly string[];
}

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly description: string;
  /** Messages of the CEL rules of the field alone. */
  readonly rules: readonly string[];
}

/** `shape` is the name of a {@link Shape}, `Condition` or `UnknownObject`. */
export type FieldType =
  | { readonly is: "string" | "number" | "boolean" }
  | { readonly is: "enum"; readonly values: readonly string[] }
  | { readonly is: "object"; readonly shape: string }
  | { readonly is: "list"; readonly of: FieldType };

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: { readonly kind: string; readonly shortNames: readonly string[] };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** Reads one CRD with exactly one version. Throws when two different objects of it would get one name. */
export function readKind(crdYaml: string): Kind {
  const { spec } = parse(crdYaml) as Crd;
  const [version, ...more] = spec.versions;
  if (version === undefined || more.length > 0) throw new Error(`${spec.names.kind}: expected exactly one version`);
  const shapes = shapesOf(version.schema.openAPIV3Schema, "", spec.names.kind, spec.names.kind);
  const names = shapes.map((shape) => shape.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`${spec.names.kind}: two objects would be named ${twice}: rename a field`);
  return {
    apiVersion: `${spec.group}/${version.name}`,
    kind: spec.names.kind,
    namespaced: spec.scope === "Namespaced",
    shortName: spec.names.shortNames[0] ?? "",
    shapes,
  };
}

function shapesOf(schema: Schema, path: string, name: string, kind: string): Shape[] {
  const entries = Object.entries(schema.properties ?? {});
  const fields = entries.map(([field, of]) => ({
    name: field,
    type: typeOf(of, field, kind),
    required: schema.required?.includes(field) ?? false,
    description: of.description ?? "",
    rules: rulesAt(of),
  }));
  const parts = entries.flatMap(([field, of]) => {
    const part = of.items ?? of;
    if (part.properties === undefined || field === "conditions") return [];
    const here = of.items === undefined ? field : `${field}[]`;
    return shapesOf(part, path === "" ? here : `${path}.${here}`, shapeName(kind, field), kind);
  });
  return [{ name, path, description: schema.description ?? "", fields, rules: messagesOf(schema) }, ...parts];
}

/** What is told with the field that holds the schema. An object tells its own rules, save that it is refused whole. */
function rulesAt(schema: Schema): readonly string[] {
  if (schema.properties !== undefined) return messagesOf(schema, isRefusal);
  return [...messagesOf(schema), ...(schema.items === undefined ? [] : rulesAt(schema.items))];
}

const isRefusal = (rule: Rule): boolean => rule.rule === "false";

const messagesOf = (schema: Schema, which: (rule: Rule) => boolean = () => true): string[] =>
  (schema["x-kubernetes-validations"] ?? []).filter(which).map((rule) => rule.message);

function typeOf(schema: Schema, field: string, kind: string): FieldType {
  if (schema.enum !== undefined) return { is: "enum", values: schema.enum };
  if (schema.items !== undefined) return { is: "list", of: typeOf(schema.items, field, kind) };
  if (schema.type === "integer") return { is: "number" };
  if (schema.type === "string" || schema.type === "boolean") return { is: schema.type };
  if (schema.properties === undefined) return { is: "object", shape: "UnknownObject" };
  return { is: "object", shape: field === "conditions" ? "Condition" : shapeName(kind, field) };
}

/** `members` of IdentityOwner is IdentityOwnerMember, `identities` IdentityOwnerIdentity, `status` IdentityOwnerStatus. */
function shapeName(kind: string, field: string): string {
  const singular = field.replace(/ies$/, "y").replace(/(?<!u)s$/, "");
  return kind + singular.charAt(0).toUpperCase() + singular.slice(1);
}
