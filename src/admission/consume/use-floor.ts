/**
 * The most uses that this replica ever saw on each approval. A counter never decreases (the CRD's rules see to that), so
 * one that shows fewer was written past the API server, or past its rules.
 */
export interface UseFloor {
  /** `at` is when this many were seen, monotonic milliseconds. */
  readonly get: (approvalUid: string) => { readonly uses: number; readonly at: number } | undefined;
  readonly raise: (approvalUid: string, uses: number, at: number) => void;
}

/** `limit`: how many approvals are remembered. For one that is forgotten the counter itself is believed again. */
export function useFloor(limit: number): UseFloor {
  const floors = new Map<string, { readonly uses: number; readonly at: number }>();
  return {
    get: (approvalUid) => floors.get(approvalUid),
    raise: (approvalUid, uses, at) => {
      const known = floors.get(approvalUid);
      // Whoever is asked about moves to the end: those that nobody uses are forgotten first.
      floors.delete(approvalUid);
      floors.set(approvalUid, known !== undefined && known.uses >= uses ? known : { uses, at });
      for (const oldest of floors.keys()) {
        if (floors.size <= limit) break;
        floors.delete(oldest);
      }
    },
  };
}
