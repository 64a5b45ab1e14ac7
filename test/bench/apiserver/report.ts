import type { ApiserverResults } from "./results.ts";
export function renderApiserver(results: ApiserverResults): string {
  return JSON.stringify(results, null, 1);
}
