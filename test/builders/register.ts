import type { Intent } from "../../src/api/register/intent.ts";
import type { WritObject } from "../../src/api/kinds.ts";
import type { RegisterGap, RegisterReader } from "../../src/admission/register-reader.ts";
import { created } from "./time.ts";

/** A register that holds these intents and every other of the last ten minutes. */
export function registerOf(intents: readonly Intent[] = [], clockSkew = 0): RegisterReader {
  return async () => ({ intents, gap: undefined, clockSkew });
}

/** A register that proves nothing, so that everything is read. */
export function brokenRegister(gap: RegisterGap = "incomplete", intents: readonly Intent[] = []): RegisterReader {
  return async () => ({ intents, gap, clockSkew: 0 });
}

const plurals = {
  IdentityOwner: "identityowners",
  AgentCapability: "agentcapabilities",
  ElevationApproval: "elevationapprovals",
} as const;

/** The intent of a change of an object as it is now; by default of its spec. */
export function intentOn({ kind, metadata }: WritObject, change?: "created" | "deleted"): Intent {
  return {
    plural: plurals[kind],
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? "",
    change: change === undefined ? { kind: "updated", generation: metadata.generation ?? 0 } : { kind: change },
    at: created,
    call: "0c5e1f9e-0000-4000-8000-000000000000",
  };
}
