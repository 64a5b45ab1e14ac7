import { approvalMutations } from "./approval-mutations.ts";
import type { Mutation } from "./draft-parts.ts";
import { objectMutations } from "./object-mutations.ts";
import { ownerMutations } from "./owner-mutations.ts";
import { policyMutations } from "./policy-mutations.ts";
import { requestMutations } from "./request-mutations.ts";

/** Every change to a draft, by name. */
export const draftMutations: Readonly<Record<string, Mutation>> = {
  ...requestMutations,
  ...ownerMutations,
  ...policyMutations,
  ...approvalMutations,
  ...objectMutations,
};
