/** Writes the reference page of the kinds. */
import type { FieldType, Kind, Shape } from "./shapes.ts";

export function referenceOf(kinds: readonly Kind[]): string {
  return [
    "<!-- Generated from crds/*.yaml by `npm run generate`. Do not edit. -->",
    "# The kinds",
    "Writ keeps its state in three kinds of the group `writ.dev`. `kubectl explain` shows the same text.",
    "`kubectl get writ -A` lists all of them. A required field may be one that Writ stamps when the object is applied.",
    ...kinds.flatMap(sectionOf),
  ]
    .join("\n\n")
    .concat("\n");
}

function sectionOf(kind: Kind): readonly string[] {
  const scope = kind.namespaced ? "namespaced" : "cluster-scoped";
  return [
    `## ${kind.kind}`,
    `\`${kind.apiVersion}\`, ${scope}, short name \`${kind.shortName}\`. ${kind.shapes[0]?.description ?? ""}`,
    ...kind.shapes.filter((shape) => shape.path !== "").flatMap(tableOf),
  ];
}

function tableOf(shape: Shape): readonly string[] {
  const rows = shape.fields.map(
    (field) =>
      `| \`${field.name}\` | ${readable(field.type)} | ${field.required ? "yes" : ""} | ${cell(field.description)} |`,
  );
  const table = ["| field | type | required | meaning |", "|---|---|---|---|", ...rows].join("\n");
  const rules = [
    ...shape.rules.map((rule) => `- ${rule}`),
    ...shape.fields.flatMap((field) => field.rules.map((rule) => `- \`${field.name}\`: ${rule}`)),
  ].join("\n");
  return [`### \`${shape.path}\``, shape.description, table, ...(rules === "" ? [] : ["Rules:", rules])];
}

function readable(type: FieldType): string {
  switch (type.is) {
    case "enum":
      return type.values.map((value) => `\`${value}\``).join(", ");
    case "list":
      return `list of ${readable(type.of)}`;
    case "object":
    case "string":
    case "number":
    case "boolean":
      break;
  }
  return type.is;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
