import type { Severity } from "./severity.ts";

/** What docs/reference/lint.md says about a finding. */
export interface CatalogueEntry {
  /** Worst first: a finding has the first severity unless `severityNote` says when another. */
  readonly severities: readonly [Severity, ...Severity[]];
  readonly severityNote?: string;
  readonly title: string;
  readonly why: string;
  readonly cure: string;
}
