import { accessReasons } from "../../src/admission/authorize/judge-access.ts";
import { guardReasons } from "../../src/admission/guard/refusal.ts";
import { serverCodes } from "../../src/admission/server/codes.ts";
import { reasons } from "../../src/decision/reason.ts";
import type { CodeGroup } from "./errors-page.ts";
import { lifecycleTexts, ownerTexts, phaseTexts } from "./lifecycle-texts.ts";

/** Every code that Writ gives, in the groups of docs/reference/errors.md. */
export const codeGroups: readonly CodeGroup[] = [
  {
    title: "Writes of agents",
    introduction: "The gate's answers to an agent's write, as kubectl prints them and as the record holds them.",
    codes: reasons,
  },
  {
    title: "Changes of Writ's own kinds",
    introduction: "What stamps and guard answer to whoever writes an owner, a capability or an approval.",
    codes: guardReasons,
  },
  {
    title: "Accesses of agents at the second gate",
    introduction:
      "What `/authorize` answers to the API server; the agent finds it at the end of the API server's refusal.",
    codes: accessReasons,
  },
  {
    title: "The webhook itself",
    introduction: "Answers of the HTTPS server before or instead of a decision. All of them are denials.",
    codes: Object.fromEntries(
      Object.entries(serverCodes).map(([code, { means, next }]) => [code, { when: means, next }]),
    ),
  },
  {
    title: "Phases of an ElevationApproval",
    introduction: "`status.phase`, as `kubectl get elev` shows it.",
    codes: phaseTexts,
  },
  {
    title: "Reasons in the status of an ElevationApproval",
    introduction: "`reason` of the conditions `Approved` and `Live`. `QuorumMet` stands there once it is approved.",
    codes: lifecycleTexts,
  },
  {
    title: "Reasons in the status of owners and capabilities",
    introduction:
      "`reason` of the condition `Ready` of an IdentityOwner; that of an AgentCapability has the codes that begin with `Capability`, `Defin` and `PolicyOwner` above, or `InForce`.",
    codes: {
      ...ownerTexts,
      Live: { when: "The owner answers for its identities and resources.", next: "Nothing." },
      ConflictingIdentity: {
        when: "Another owner claims one of its agents too; that agent is denied everything.",
        next: "Remove the agent from all owners but one.",
      },
      ConflictingClaim: {
        when: "Another owner claims some of the same resources equally precisely.",
        next: "One of them gives up its claim.",
      },
    },
  },
];
