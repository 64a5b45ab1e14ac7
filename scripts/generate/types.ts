/** Writes TypeScript interfaces for the kinds. */
import type { Field, FieldType, Kind, Shape } from "./shapes.ts";

export function typesOf(kinds: readonly Kind[]): string {
  const shapes = kinds.flatMap((kind) => kind.shapes.map((shape) => interfaceOf(kind, shape)));
  const shared = ["Condition", "ObjectMeta", "UnknownObject"].join(", ");
  return [
    "// Generated from crds/*.yaml by `npm run generate`. Do not edit.",
    `import type { ${shared} } from "./object-meta.ts";`,
    ...shapes,
  ]
    .join("\n\n")
    .concat("\n");
}

function interfaceOf(kind: Kind, shape: Shape): string {
  const head =
    shape.path === ""
      ? [
          `  readonly apiVersion: ${JSON.stringify(kind.apiVersion)};`,
          `  readonly kind: ${JSON.stringify(kind.kind)};`,
          "  readonly metadata: ObjectMeta;",
        ]
      : [];
  const fields = shape.fields.flatMap((field) => [...comment(field.description, "  "), `  ${member(field)}`]);
  return [...comment(shape.description, ""), `export interface ${shape.name} {`, ...head, ...fields, "}"].join("\n");
}

const member = (field: Field): string =>
  `readonly ${field.name}${field.required ? "" : "?"}: ${typescript(field.type)};`;

function typescript(type: FieldType): string {
  switch (type.is) {
    case "enum":
      return type.values.map((value) => JSON.stringify(value)).join(" | ");
    case "list":
      return type.of.is === "enum" ? `readonly (${typescript(type.of)})[]` : `readonly ${typescript(type.of)}[]`;
    case "object":
      return type.shape;
    case "string":
    case "number":
    case "boolean":
      break;
  }
  return type.is;
}

/** A description that holds the end of a comment would become code. */
function comment(description: string, indent: string): string[] {
  return description === "" ? [] : [`${indent}/** ${description.replaceAll("*/", "*\\/")} */`];
}
