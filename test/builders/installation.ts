import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { attestationSigner, attestationVerifier } from "../../src/api/attestation.ts";
import type { AttestationSigner } from "../../src/api/attestation.ts";
import { rememberingDigests } from "../../src/api/digest.ts";
import { rememberingLifecycle } from "../../src/api/remembered-lifecycle.ts";
import { verifySshSignature } from "../../src/api/ssh/verify-signature.ts";
import type { Trust } from "../../src/api/trust.ts";
import { createRuleSchemas } from "../../src/decision/schema/rule-schemas.ts";
import type { DecisionSettings } from "../../src/decision/facts.ts";

/** One installation of Writ: whose attestations count and where. */
export interface Installation {
  readonly signer: AttestationSigner;
  readonly trust: Trust;
  readonly settings: DecisionSettings;
}

/** An Ed25519 key pair made of one repeated byte (RFC 8410 PKCS #8), so that fixtures are the same in every run. */
export function attestationKeys(seed: number): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const der = Buffer.concat([prefix, Buffer.alloc(32, seed)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export function installation(
  mods: { readonly seed?: number; readonly clusterId?: string; readonly settings?: Partial<DecisionSettings> } = {},
): Installation {
  const { privateKey, publicKey } = attestationKeys(mods.seed ?? 1);
  const trust: Trust = {
    clusterId: mods.clusterId ?? "c1a55e00-0000-4000-8000-000000000000",
    verify: attestationVerifier([publicKey]),
    verifySignature: verifySshSignature,
    digests: rememberingDigests(),
    clusterApprovalNamespace: "writ-approvals",
  };
  return {
    signer: attestationSigner(privateKey),
    trust,
    settings: {
      trust,
      agents: { namespaces: ["agents"], group: "writ.dev:agents" },
      systemNamespace: "writ-system",
      clusterApprovalNamespace: trust.clusterApprovalNamespace,
      rootOwnerName: "cluster",
      protectedResources: [],
      schemas: createRuleSchemas(),
      lifecycle: rememberingLifecycle(),
      ...mods.settings,
    },
  };
}

/** The installation that builders sign for unless told otherwise. */
export const ours = installation();
