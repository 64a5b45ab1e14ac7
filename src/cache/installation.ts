import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { attestationVerifier, rememberingVerifier } from "../api/attestation.ts";
import { rememberingDigests } from "../api/digest.ts";
import { rememberingLifecycle } from "../api/remembered-lifecycle.ts";
import { rememberingSshVerifier } from "../api/ssh/remembering-verifier.ts";
import { verifySshSignature } from "../api/ssh/verify-signature.ts";
import type { WritConfiguration } from "../config/config.ts";
import type { DecisionSettings } from "../decision/facts.ts";
import { createRuleSchemas } from "../decision/schema/rule-schemas.ts";
import type { KubeClient } from "../kube/client.ts";
import { objectPath } from "../kube/resource.ts";

/** How many verified attestations are remembered: two decisions of each of 10,000 approvals fit. */
const rememberedAttestations = 32_768;
const rememberedSignatures = rememberedAttestations;

/** What every decision takes from the installation. Reads the cluster id from the API server, the keys from files. */
export async function loadSettings(configuration: WritConfiguration, client: KubeClient): Promise<DecisionSettings> {
  const keys = configuration.attestation.verificationKeyFiles.map((file) => createPublicKey(readFileSync(file)));
  return {
    trust: {
      clusterId: await readClusterId(client),
      verify: rememberingVerifier(attestationVerifier(keys), rememberedAttestations),
      verifySignature: rememberingSshVerifier(verifySshSignature, rememberedSignatures),
      digests: rememberingDigests(),
      clusterApprovalNamespace: configuration.namespaces.clusterApprovals,
    },
    agents: configuration.agents,
    systemNamespace: configuration.namespaces.system,
    clusterApprovalNamespace: configuration.namespaces.clusterApprovals,
    rootOwnerName: configuration.rootOwner,
    protectedResources: configuration.protected,
    schemas: createRuleSchemas(),
    lifecycle: rememberingLifecycle(),
  };
}

const namespaces = { group: "", version: "v1", plural: "namespaces", namespaced: false } as const;

/** The cluster id is the uid of the namespace kube-system. */
async function readClusterId(client: KubeClient): Promise<string> {
  const { body } = await client.get(objectPath(namespaces, undefined, "kube-system"));
  const uid = (body as { readonly metadata?: { readonly uid?: unknown } } | undefined)?.metadata?.uid;
  if (typeof uid !== "string" || uid === "") throw new Error("namespace kube-system has no uid to serve as cluster id");
  return uid;
}
