import { describe, expect, test } from "vitest";
import { agentUserName, isAgent, isInAgentSet, isSystemName, parseServiceAccount } from "../../../src/api/agents.ts";
import { bot, botUser } from "../../builders/agents.ts";
import { ours } from "../../builders/installation.ts";

const set = ours.settings.agents;

describe("parseServiceAccount", () => {
  test("gives the parts of a service account's user name", () => {
    expect(parseServiceAccount(botUser)).toEqual(bot.serviceAccount);
  });

  test.each([
    "system:serviceaccount:agents:bot:x",
    "system:serviceaccount:agents",
    "system:serviceaccount:agents:",
    "system:serviceaccount::bot",
    "system:serviceaccount::",
    "xsystem:serviceaccount:agents:bot",
    "system:serviceaccounts:agents:bot",
    "System:serviceaccount:agents:bot",
    ":serviceaccount:agents:bot",
    "system:node:agents:bot",
    "alice@example.com",
    "",
  ])("finds none behind the look-alike %j", (name) => {
    expect(parseServiceAccount(name)).toBeUndefined();
  });
});

describe("isAgent", () => {
  test.each([
    ["a service account of an agent namespace", { username: "system:serviceaccount:agents:bot" }, true],
    [
      "its look-alike with a fifth part, which must not pass as a person",
      { username: "system:serviceaccount:agents:bot:x" },
      true,
    ],
    ["one of a namespace whose name only begins alike", { username: "system:serviceaccount:agents2:bot" }, false],
    ["one of a namespace whose name only ends alike", { username: "system:serviceaccount:my-agents:bot" }, false],
    [
      "one of another namespace named like an agent namespace",
      { username: "system:serviceaccount:prod:agents" },
      false,
    ],
    ["one of the empty namespace", { username: "system:serviceaccount::agents" }, false],
    ["any user of the agents' group", { username: "spiffe://example.org/x", groups: ["writ.dev:agents"] }, true],
    ["a user of a group whose name only begins alike", { username: "x", groups: ["writ.dev:agents2"] }, false],
    ["a person", { username: "alice@example.com", groups: ["payments-leads"] }, false],
    ["a person whose name merely holds the prefix", { username: "xsystem:serviceaccount:agents:bot" }, false],
    [
      "the group of a namespace's service accounts alone",
      { username: "x", groups: ["system:serviceaccounts:agents"] },
      false,
    ],
  ])("%s", (_, user, expected) => {
    expect(isAgent(user, set)).toBe(expected);
  });
});

describe("isInAgentSet", () => {
  test.each([
    ["a service account of an agent namespace", bot, true],
    ["one of another namespace", { serviceAccount: { namespace: "agents2", name: "bot" } }, false],
    ["another user name", { user: "spiffe://example.org/x" }, true],
    ["a system user", { user: "system:node:a" }, false],
    ["nobody", {}, false],
  ])("%s", (_, subject, expected) => {
    expect(isInAgentSet(subject, set)).toBe(expected);
  });
});

test("agentUserName writes what the API server authenticates", () => {
  expect(agentUserName(bot)).toBe("system:serviceaccount:agents:payments-bot");
  expect(agentUserName({ user: "spiffe://example.org/x" })).toBe("spiffe://example.org/x");
  expect(agentUserName({})).toBe("");
});

test("names that begin with system: are no people", () => {
  expect(isSystemName("system:admin")).toBe(true);
  expect(isSystemName("alice@example.com")).toBe(false);
});
