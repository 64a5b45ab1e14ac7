import { catalogue } from "./catalogue.ts";
import type { Finding, GrantPath } from "./finding.ts";
import { refText } from "./rbac.ts";
import { severities } from "./severity.ts";
import type { Severity } from "./severity.ts";

/** The JSON form; docs/reference/lint.md has its schema. */
export interface LintReport {
  readonly apiVersion: "lint.writ.dev/v1alpha1";
  readonly kind: "LintReport";
  readonly summary: Readonly<Record<Severity, number>>;
  readonly findings: readonly (Finding & { readonly title: string })[];
}

export function jsonReport(findings: readonly Finding[]): LintReport {
  return {
    apiVersion: "lint.writ.dev/v1alpha1",
    kind: "LintReport",
    summary: countOf(findings),
    findings: findings.map((finding) => ({ ...finding, title: catalogue[finding.id].title })),
  };
}

/** For people: what is wrong, the way by which it is granted, and the cure. No line holds a control character. */
export function textReport(findings: readonly Finding[]): readonly string[] {
  const lines = findings.flatMap(({ id, severity, message, cure, grant }) => [
    `${severity.toUpperCase().padEnd(8)} ${id}  ${catalogue[id].title}`,
    `  ${message}`,
    ...(grant === undefined ? [] : [`  by:   ${grantText(grant)}`]),
    `  cure: ${cure}`,
    "",
  ]);
  const counts = countOf(findings);
  return [...lines, severities.map((severity) => `${counts[severity]} ${severity}`).join(", ")].map((line) =>
    // Names of users and what rules name are free text.
    line.replaceAll(/\p{Cc}/gu, "?"),
  );
}

function grantText({ binding, subject, role, ruleIndex, rule }: GrantPath): string {
  return `${subject.kind} ${subject.name} in ${refText(binding)} -> ${refText(role)} -> rules[${ruleIndex}] ${JSON.stringify(rule)}`;
}

function countOf(findings: readonly Finding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}
