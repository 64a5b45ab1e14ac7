import { rightsCatalogue } from "./catalogue-rights.ts";
import { stateCatalogue } from "./catalogue-state.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";

/** Every finding. Ids are stable: new ones are added, old ones keep their meaning. */
export const catalogue = { ...rightsCatalogue, ...stateCatalogue } as const satisfies Record<string, CatalogueEntry>;

export type FindingId = keyof typeof catalogue;
