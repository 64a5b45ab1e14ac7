/** A value, or one line that says why there is none. */
export type Parsed<Value> =
  { readonly kind: "ok"; readonly value: Value } | { readonly kind: "problem"; readonly problem: string };

export function ok<Value>(value: Value): Parsed<Value> {
  return { kind: "ok", value };
}

export function refuse(problem: string): { readonly kind: "problem"; readonly problem: string } {
  return { kind: "problem", problem };
}

/** Hostile text or bytes for a one-line message: quoted, printable ASCII alone, at most 64 characters of it. */
export function quote(text: string | Uint8Array): string {
  const all = typeof text === "string" ? text : Buffer.from(text).toString("utf8");
  const shown = JSON.stringify(all.slice(0, 64)).replaceAll(/[^\x20-\x7e]/g, "?");
  return all.length > 64 ? `${shown}...` : shown;
}
