import { describe, expect, test } from "vitest";
import { actingMember } from "../../../../src/admission/guard/person.ts";
import type { UserInfo } from "../../../../src/decision/admission-request.ts";
import { botUser } from "../../../builders/agents.ts";
import { ours } from "../../../builders/installation.ts";
import { owner, users } from "../../../builders/owner.ts";
import { person } from "./ask-guard.ts";

const planner = "spiffe://example.org/agents/planner";
const everybody = owner("everybody", {
  members: [...users("alice@example.com", botUser, planner, "system:kube-scheduler"), { group: "writ.dev:agents" }],
});
const acting = (user: UserInfo): string => {
  const result = actingMember(user, "everybody", everybody, ours.settings.agents);
  return result.kind === "refusal" ? result.code : result.credentialId;
};

describe("who acts in the name of an owner that lists them", () => {
  test.each<[string, UserInfo, string]>([
    ["a person does", person("alice@example.com"), "X509SHA256=alice@example.com"],
    ["a service account of the agents does not", person(botUser), "NotAPerson"],
    ["an agent by its group does not", { ...person(planner), groups: ["writ.dev:agents"] }, "NotAPerson"],
    ["a part of the system does not", person("system:kube-scheduler"), "NotAPerson"],
    ["a stranger does not", person("carol@example.com"), "NotAMember"],
    ["a person behind a mask does not", { username: "alice@example.com" }, "CredentialRequired"],
  ])("%s", (_, user, expected) => {
    expect(acting(user)).toBe(expected);
  });
});
