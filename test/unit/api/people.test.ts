import { describe, expect, test } from "vitest";
import { findMembership, isStillMember, memberKeys, membershipText, personsOf } from "../../../src/api/people.ts";
import { owner, users } from "../../builders/owner.ts";
import { signer } from "../../builders/signed.ts";
import { sshKey } from "../../builders/ssh-key.ts";

describe("personsOf", () => {
  test("names that one entry lists are one person", () => {
    const person = personsOf([owner("a", { members: [{ user: "alice", aliases: ["oidc:alice", "alice2"] }] })]);
    expect(person("oidc:alice")).toBe(person("alice"));
    expect(person("alice2")).toBe(person("alice"));
  });

  test("aliases join over entries and owners, transitively", () => {
    const person = personsOf([
      owner("a", { members: [{ user: "a1", aliases: ["a2"] }] }),
      owner("b", { members: [{ user: "a3", aliases: ["a4"] }] }),
      owner("c", { members: [{ user: "a2", aliases: ["a3"] }] }),
    ]);
    expect(new Set(["a1", "a2", "a3", "a4"].map(person)).size).toBe(1);
  });

  test("an alias that names itself or is listed twice does no harm", () => {
    const person = personsOf([
      owner("a", { members: [{ user: "a1", aliases: ["a1", "a2", "a2"] }] }),
      owner("b", { members: [{ user: "a2", aliases: ["a1"] }] }),
    ]);
    expect(person("a1")).toBe(person("a2"));
  });

  test("different people stay different, members of a group too", () => {
    const person = personsOf([owner("a", { members: [...users("alice", "bob"), { group: "leads" }] })]);
    expect(new Set(["alice", "bob", "carol", "leads"].map(person)).size).toBe(4);
  });

  test("hostile names are names like any other", () => {
    const person = personsOf([owner("a", { members: [{ user: "__proto__", aliases: ["constructor"] }] })]);
    expect(person("constructor")).toBe(person("__proto__"));
    expect(person("toString")).toBe("toString");
  });
});

describe("names that share an SSH key", () => {
  const key = sshKey("alice").line;

  test("are one person, in one owner or in two, whatever the comments say", () => {
    const person = personsOf([
      owner("a", {
        members: [
          { user: "alice", aliases: ["al"], sshKeys: [key] },
          { user: "bob", sshKeys: [key] },
        ],
      }),
      owner("b", { members: [{ user: "carol", sshKeys: [sshKey("dave").line, `${key}@home`] }] }),
    ]);
    expect(new Set(["alice", "al", "bob", "carol"].map(person)).size).toBe(1);
  });

  test("while other keys keep people apart, and so does a line that is no key", () => {
    const person = personsOf([
      owner("a", { members: [signer("alice"), signer("bob"), { user: "carol", sshKeys: ["x"] }] }),
      owner("b", { members: [{ user: "dave", sshKeys: ["x"] }] }),
    ]);
    expect(new Set(["alice", "bob", "carol", "dave"].map(person)).size).toBe(4);
  });
});

describe("memberKeys", () => {
  const members = [signer("alice", "al"), { user: "bob" }, { group: "carol" }];
  test.each([
    ["alice", [sshKey("alice").line]],
    ["al", [sshKey("alice").line]],
    ["bob", []],
    ["carol", undefined],
    ["mallory", undefined],
  ])("of %s", (name, keys) => {
    expect(memberKeys(owner("a", { members }), name)).toEqual(keys);
  });
});

describe("findMembership", () => {
  const team = owner("a", { members: [{ group: "leads" }, { user: "alice", aliases: ["oidc:alice"] }] });

  test.each([
    ["by user name", { username: "alice" }, "user:alice"],
    ["by alias, as the entry's user", { username: "oidc:alice" }, "user:alice"],
    ["by group", { username: "bob", groups: ["staff", "leads"] }, "group:leads"],
    ["by user name rather than by group", { username: "alice", groups: ["leads"] }, "user:alice"],
  ])("%s", (_, user, text) => {
    const membership = findMembership(team, user);
    expect(membership && membershipText(membership)).toBe(text);
  });

  test.each([
    ["a stranger", { username: "bob" }],
    ["who is named like a group", { username: "leads" }],
    ["who is in a group named like a user", { username: "bob", groups: ["alice"] }],
  ])("none for %s", (_, user) => {
    expect(findMembership(team, user)).toBeUndefined();
  });
});

describe("isStillMember", () => {
  test.each([
    ["a user who is listed", "alice", "user:alice", { members: users("alice") }, true],
    ["a user whose entry is gone", "alice", "user:alice", { members: users("bob") }, false],
    [
      "an alias that is listed",
      "oidc:alice",
      "user:alice",
      { members: [{ user: "alice", aliases: ["oidc:alice"] }] },
      true,
    ],
    ["an alias that is gone while the user is listed", "oidc:alice", "user:alice", { members: users("alice") }, false],
    ["an alias that became the user name", "oidc:alice", "user:alice", { members: users("oidc:alice") }, true],
    ["a group that is listed", "carol", "group:leads", { members: [{ group: "leads" }] }, true],
    ["a group that is gone", "carol", "group:leads", { members: [{ group: "staff" }] }, false],
    [
      "who came by a group that is gone, though now listed by user",
      "carol",
      "group:leads",
      { members: users("carol") },
      false,
    ],
    ["who came by user, though their group is listed", "carol", "user:carol", { members: [{ group: "leads" }] }, false],
    ["a user named like a group's text", "group:leads", "user:group:leads", { members: [{ group: "leads" }] }, false],
  ])("%s", (_, by, membership, spec, expected) => {
    expect(isStillMember(owner("a", spec), by, membership)).toBe(expected);
  });
});
