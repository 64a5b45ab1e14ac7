import { definitionId } from "../../api/definition.ts";
import { definitionsNamespace } from "../../api/request-ids.ts";
import { deny } from "../../decision/deny.ts";
import type { Basis, Denial, Verdict } from "../../decision/verdict.ts";
import type { RequestedApproval, RequestIdRegistry } from "./request-id-registry.ts";

/**
 * An allow that rests on signatures, unless what they name is another object's: what came into the cluster while no
 * guard stood there was reserved by nobody. Any other verdict stays as it is.
 */
export async function proveReservations(
  verdict: Verdict,
  { holds }: Pick<RequestIdRegistry, "holds">,
  onReadError: (error: unknown) => void,
): Promise<Verdict> {
  if (verdict.kind === "deny" || verdict.code !== "Approved") return verdict;
  for (const { what, reservation, next } of reservationsOf(verdict.basis)) {
    try {
      if (await holds(reservation)) continue;
      return denial(verdict.basis, deny("Replayed", `${what} was used by another object, or was never reserved`, next));
    } catch (error) {
      onReadError(error);
      const message = `whether ${what} is its own could not be read from the API server`;
      return denial(verdict.basis, deny("LiveReadFailed", message, "try again"));
    }
  }
  return verdict;
}

interface Reserved {
  readonly what: string;
  readonly reservation: RequestedApproval;
  readonly next: string;
}

function reservationsOf({ approval, capability, lifecycle }: Basis): readonly Reserved[] {
  const { namespace = "", name, uid = "" } = approval.metadata;
  const ofApproval = (): Reserved => ({
    what: `the requestID of ElevationApproval ${namespace}/${name}`,
    reservation: { namespace, name, uid, requestID: approval.spec.requestID },
    next: "request anew, with a requestID that was never used",
  });
  const ofCapability = (): Reserved => ({
    what: `the signed definition of AgentCapability "${capability.metadata.name}"`,
    reservation: {
      namespace: definitionsNamespace,
      name: capability.metadata.name,
      uid: capability.metadata.uid ?? "",
      requestID: definitionId(capability),
    },
    next: "a member of its policy owner signs or defines the capability anew",
  });
  return [
    ...(lifecycle.approvals.some(({ kind }) => kind === "signed") ? [ofApproval()] : []),
    ...(capability.spec.definedBy?.signature === undefined ? [] : [ofCapability()]),
  ];
}

function denial({ evaluated }: Basis, denied: Denial): Denial {
  return { ...denied, evaluated };
}
