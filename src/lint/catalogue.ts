import { rightsCatalogue } from "./catalogue-rights.ts";
import { stateCatalogue } from "./catalogue-state.ts";
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

/** Every finding. Ids are stable: new ones are added, old ones keep their meaning. */
export const catalogue = { ...rightsCatalogue, ...stateCatalogue } as const satisfies Record<string, CatalogueEntry>;

export type FindingId = keyof typeof catalogue;
