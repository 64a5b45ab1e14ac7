import { describe, expect, test } from "vitest";
import { fullAt, incompleteKey, isFull, readRegister } from "../../../src/api/register/content.ts";
import { intentLife, isContinuous, rememberRegister } from "../../../src/api/register/continuity.ts";
import { intentEntry } from "../../../src/api/register/intent.ts";
import { namesToRead } from "../../../src/api/register/names-to-read.ts";
import { prunable, pruningPatch, sightEntries } from "../../../src/api/register/pruning.ts";
import { editOwner } from "../../builders/owner.ts";
import { intentOn } from "../../builders/register.ts";
import { approved, payments, platform, scaler } from "../../builders/world.ts";

const { key, value } = intentEntry(intentOn(approved));
const configMap = (data?: unknown): unknown => ({ kind: "ConfigMap", metadata: { uid: "u" }, data });

describe("the register", () => {
  test("is complete when it holds intents alone, or nothing", () => {
    expect(readRegister(configMap())).toEqual({ uid: "u", intents: [], complete: true });
    expect(readRegister(configMap({ [key]: value }))).toMatchObject({
      complete: true,
      intents: [{ name: "inc-1234" }],
    });
  });

  test.each([
    ["the mark", { [incompleteKey]: "x" }],
    ["a key that no guard writes", { note: "hello" }],
    ["a value that no guard writes", { [key]: "hello" }],
    ["a value that is no text", { [key]: 1 }],
    ["no map", ["x"]],
    ["text in place of a map", "x"],
    ["more than guards ever leave in it", { [key]: value, filler: "x".repeat(300_000) }],
  ])("proves nothing when it holds %s", (_, data) => {
    expect(readRegister(configMap(data))?.complete).toBe(false);
  });

  test("of which nothing is readable names nobody to read: whoever fills it must not make every write cost a thousand reads", () => {
    const filler = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => {
        const entry = intentEntry({ ...intentOn(payments), name: `o-${index}`, uid: `uid-${index}` });
        return [entry.key, entry.value];
      }),
    );
    expect(readRegister(configMap(filler))).toEqual({ uid: "u", intents: [], complete: false });
  });

  test.each([undefined, null, 1, "x", [], {}, { metadata: 1 }, { metadata: { uid: 1 } }])(
    "is no register: %j",
    (object) => {
      expect(readRegister(object)).toBeUndefined();
    },
  );

  test("is full beyond 64 KiB of keys and values, and when its content is no map", () => {
    expect(isFull(configMap({ k: "x".repeat(fullAt - 1) }))).toBe(false);
    expect(isFull(configMap({ k: "x".repeat(fullAt) }))).toBe(true);
    expect(isFull(configMap({ k: "€".repeat(Math.ceil(fullAt / 3)) }))).toBe(true);
    expect(isFull(configMap([]))).toBe(true);
  });
});

describe("a register that takes the place of another", () => {
  test("is trusted once it has been there for ten minutes", () => {
    const first = rememberRegister(undefined, "a", 0);
    expect(isContinuous(first, 0)).toBe(true);
    const other = rememberRegister(first, "b", 1000);
    expect(isContinuous(rememberRegister(other, "b", 5000), 1000 + intentLife - 1)).toBe(false);
    expect(isContinuous(other, 1000 + intentLife)).toBe(true);
  });

  test("is not trusted sooner because it was missing in between, also before anybody had seen it", () => {
    const missing = rememberRegister(undefined, undefined, 0);
    expect(isContinuous(missing, intentLife * 2)).toBe(false);
    const made = rememberRegister(missing, "a", 1000);
    expect(isContinuous(made, 1000 + intentLife - 1)).toBe(false);
    expect(isContinuous(made, 1000 + intentLife)).toBe(true);
  });
});

describe("entries are pruned", () => {
  test("ten minutes after they were first seen, whatever time they name", () => {
    const seen = sightEntries(new Map(), [[key, value]], 0);
    expect(prunable(sightEntries(seen, [[key, value]], 300_000), intentLife - 1)).toEqual([]);
    expect(prunable(seen, intentLife)).toEqual([[key, value]]);
  });

  test("later when the key was written anew", () => {
    const seen = sightEntries(new Map(), [[key, value]], 0);
    const again = sightEntries(seen, [[key, `${value}2`]], 300_000);
    expect(prunable(again, intentLife)).toEqual([]);
    expect(prunable(again, 300_000 + intentLife)).toEqual([[key, `${value}2`]]);
  });

  test("and forgotten when somebody else took them out", () => {
    const seen = sightEntries(new Map(), [[key, value]], 0);
    expect(sightEntries(seen, [], 1).size).toBe(0);
  });

  test("only of the register that was read, and only where they are as they were read", () => {
    expect(pruningPatch("u", [["a/b~", "x"]])).toEqual([
      { op: "test", path: "/metadata/uid", value: "u" },
      { op: "test", path: "/data/a~1b~0", value: "x" },
      { op: "remove", path: "/data/a~1b~0" },
    ]);
  });
});

describe("to be read by name are", () => {
  const other = { ...approved, metadata: { ...approved.metadata, name: "other", uid: "other" } };
  const outside = editOwner({ ...platform, metadata: { ...platform.metadata, name: "outside", uid: "outside" } }, {});
  const restsOn = {
    owners: ["cluster", "payments"],
    capabilities: ["payments-scaler"],
    approvals: ["payments-prod/inc-1234"],
  };
  const objects = [approved, other, outside, payments, scaler];
  const question = {
    restsOn,
    intents: objects.map((object) => intentOn(object)),
    seen: ({ name }: { readonly name: string }) => objects.find(({ metadata }) => metadata.name === name)?.metadata,
    plainly: false,
  };

  test("every owner and capability with an open intent, and approvals that the verdict rests on", () => {
    expect(namesToRead(question)).toEqual({
      owners: ["outside", "payments"],
      capabilities: ["payments-scaler"],
      approvals: ["payments-prod/inc-1234"],
    });
  });

  test("nothing where the view shows what was announced", () => {
    const seen = (intent: { readonly name: string }) => {
      const metadata = question.seen(intent);
      return metadata && { ...metadata, generation: 2 };
    };
    expect(namesToRead({ ...question, seen })).toEqual({ owners: [], capabilities: [], approvals: [] });
  });

  test("all that the verdict rests on, once each, where the register proves nothing", () => {
    expect(namesToRead({ ...question, plainly: true })).toEqual({
      owners: ["cluster", "payments", "outside"],
      capabilities: ["payments-scaler"],
      approvals: ["payments-prod/inc-1234"],
    });
  });
});
