import type { ReasonCode } from "./reason.ts";
import type { Denial } from "./verdict.ts";

/** A denial; `details` adds what is not the ordinary case. */
export function deny(
  code: ReasonCode,
  message: string,
  next: string,
  details: Partial<Pick<Denial, "nearest" | "awaiting" | "absolute">> = {},
): Denial {
  return { kind: "deny", code, message, next, awaiting: [], absolute: false, ...details };
}
