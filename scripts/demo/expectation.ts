import type { GuardCode } from "../../src/admission/guard/refusal.ts";
import type { ReasonCode } from "../../src/decision/reason.ts";

/** How a command ended. */
export interface Outcome {
  /** Exit code; 128 and more after a signal. */
  readonly code: number;
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string;
}

/** What a step of the demo must see, or it did not go as told. */
export type Expectation =
  | { readonly kind: "passes"; readonly says: string }
  /** Writ answers with this reason code. */
  | { readonly kind: "refused"; readonly code: ReasonCode | GuardCode }
  /** It fails by other means than Writ's answer. */
  | { readonly kind: "fails"; readonly says: string };

export function passes(says = ""): Expectation {
  return { kind: "passes", says };
}

export function refused(code: ReasonCode | GuardCode): Expectation {
  return { kind: "refused", code };
}

export function fails(says: string): Expectation {
  return { kind: "fails", says };
}

/** The reason code in what kubectl prints for a denial by one of Writ's webhooks. */
export function reasonCodeIn(output: string): string | undefined {
  return /admission webhook "[a-z-]+\.writ\.dev" denied the request: ([A-Za-z]+): /.exec(output)?.[1];
}

/** Whether the outcome is the expected one. */
export function isMet(expected: Expectation, { code, output }: Outcome): boolean {
  switch (expected.kind) {
    case "passes":
      return code === 0 && output.includes(expected.says);
    case "refused":
      return code === 1 && reasonCodeIn(output) === expected.code;
    case "fails":
      return code === 1 && output.includes(expected.says);
  }
}

/** In words, for people. */
export function describeExpectation(expected: Expectation): string {
  switch (expected.kind) {
    case "passes":
      return expected.says === "" ? "exit code 0" : `exit code 0 and "${expected.says}"`;
    case "refused":
      return `refused with ${expected.code}`;
    case "fails":
      return `exit code 1 and "${expected.says}"`;
  }
}
