import { describe, expect, test } from "vitest";
import { fails, isMet, passes, refused } from "../../../scripts/demo/expectation.ts";
import { StepFailed, createScene } from "../../../scripts/demo/scene.ts";
import { createTerminal, shorten, wantsColour, wrap } from "../../../scripts/demo/terminal.ts";
import { accountOf, isInOrder } from "../../../scripts/demo/trail.ts";
import { trailEntry } from "../../../src/cli/trail.ts";

const denial = (code: string, webhook = "gate.writ.dev"): string =>
  `Error from server (Forbidden): admission webhook "${webhook}" denied the request: ${code}: no\nNext: ask\n`;

describe("an expectation of the demo", () => {
  test.each([
    ["a pass with exit code 0", passes("scaled"), { code: 0, output: "web scaled" }, true],
    ["no pass with another exit code", passes("scaled"), { code: 1, output: "web scaled" }, false],
    ["no pass with other words", passes("scaled"), { code: 0, output: "nothing" }, false],
    ["a refusal with the code", refused("NoRule"), { code: 1, output: denial("NoRule") }, true],
    ["no refusal with a longer code", refused("NoRule"), { code: 1, output: denial("NoRuleAtAll") }, false],
    ["no refusal that kubectl did not report", refused("NoRule"), { code: 0, output: denial("NoRule") }, false],
    ["no refusal by RBAC", refused("NoRule"), { code: 1, output: "Forbidden: NoRule: no" }, false],
    [
      "no refusal by somebody else's webhook",
      refused("NoRule"),
      { code: 1, output: denial("NoRule", "gate.example.com") },
      false,
    ],
    ["a failure with the words", fails("refused"), { code: 1, output: "connection refused" }, true],
    ["no failure where kubectl was killed", fails("refused"), { code: 137, output: "connection refused" }, false],
  ])("counts %s", (_, expected, outcome, met) => {
    expect(isMet(expected, outcome)).toBe(met);
  });
});

describe("a scene", () => {
  const told = (outputs: readonly { readonly code: number; readonly output: string }[]) => {
    const printed = { text: "" };
    const left = [...outputs];
    const terminal = createTerminal({ write: (text) => (printed.text += text), colour: false, width: 100 });
    const type = () => Promise.resolve(left.shift() ?? { code: 1, output: "no more" });
    const controller = new AbortController();
    const scene = createScene(terminal, type, controller.signal);
    return { scene, printed, controller, left };
  };

  test("ends at the first step that did not go as told, and names it", async () => {
    const { scene, printed } = told([{ code: 0, output: "web scaled" }]);
    scene.step("one");
    scene.step("The agent is refused");
    const run = scene.run("payments-bot", "kubectl scale", refused("NoRule"));
    await expect(run).rejects.toThrow(StepFailed);
    await expect(run).rejects.toThrow(/^step 2 \(The agent is refused\).*expected refused with NoRule.*exit code 0$/);
    expect(printed.text).toContain("payments-bot $ kubectl scale\n   | web scaled\n");
  });

  test("tries once where a refusal must hold at once, and again where something has to arrive", async () => {
    const { scene, left } = told([
      { code: 1, output: denial("NoCapability") },
      { code: 1, output: denial("NoApproval") },
      { code: 0, output: "scaled" },
    ]);
    await scene.runOnceSettled("payments-bot", "kubectl scale", refused("NoApproval"));
    await expect(scene.run("payments-bot", "kubectl scale", refused("NoApproval"))).rejects.toThrow(StepFailed);
    expect(left).toEqual([]);
    expect(scene.denials).toEqual(["NoCapability", "NoApproval"]);
  });

  test("types nothing more once it is interrupted", async () => {
    const { scene, printed, controller, left } = told([{ code: 0, output: "scaled" }]);
    controller.abort(new Error("interrupted"));
    await expect(scene.run("alice", "kubectl scale", passes())).rejects.toThrow("interrupted");
    expect([printed.text, left.length]).toEqual(["", 1]);
  });
});

describe("the demo's terminal", () => {
  test.each([
    [true, {}, true],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
    [false, {}, false],
  ])("on a terminal: %s, with %j: colour %s", (isTerminal, env, colour) => {
    expect(wantsColour(isTerminal, env)).toBe(colour);
  });

  test("prints no escape sequence without colour, and some with it", () => {
    const print = (colour: boolean): string => {
      const printed = { text: "" };
      const terminal = createTerminal({ write: (text) => (printed.text += text), colour, width: 80 });
      terminal.heading("1. one");
      terminal.command("alice", "kubectl get elev");
      terminal.output("none");
      terminal.passed("so it is");
      terminal.failed("it is not");
      return printed.text;
    };
    expect(print(false)).not.toContain("\u001B");
    expect(print(true)).toContain("\u001B[1m1. one\u001B[22m");
  });

  test("wraps at spaces, keeps long words whole, and leaves tables alone", () => {
    expect(wrap("aa bb cc", 5)).toEqual(["aa bb", "cc"]);
    expect(wrap("a bbbbbbbb c", 4)).toEqual(["a", "bbbbbbbb", "c"]);
    expect(wrap("NAME   PHASE", 5)).toEqual(["NAME   PHASE"]);
  });

  test("leaves out the middle of an overlong word and what is beyond a screenful", () => {
    expect(shorten(`Next: ${"a".repeat(1_000)}end | kubectl`)).toEqual([
      `Next: ${"a".repeat(62)}[…]${"a".repeat(15)}end | kubectl`,
    ]);
    const lines = shorten(Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n"));
    expect(lines).toHaveLength(15);
    expect(lines.at(-1)).toBe("[16 more lines]");
  });
});

describe("the demo's trail", () => {
  const approved = trailEntry({
    index: 12n,
    entry: {
      apiVersion: "ledger.writ.dev/v1alpha1",
      kind: "decision",
      spec: {
        verdict: "allow",
        code: "Approved",
        operation: "UPDATE",
        resource: { resource: "deployments", subresource: "scale" },
        object: { namespace: "payments-prod", name: "web" },
        user: { username: "system:serviceaccount:agents:payments-bot" },
        owners: { identity: "payments", policy: "platform", approving: ["payments", "platform"] },
        basis: {
          capability: { name: "payments-scaler", definedBy: { by: "bob@example.com" } },
          approval: { approvals: [{ by: "alice@example.com", ownerName: "payments", at: "2026-11-24T12:00:00.000Z" }] },
        },
      },
    },
  });

  test("tells who answers for an approved write, by owner and by person", () => {
    expect(accountOf(approved).lines).toEqual([
      "identity owner   payments  answers for agents/payments-bot",
      "policy owner     platform  payments-scaler, defined by bob@example.com",
      "approving owner  payments  alice@example.com at 2026-11-24T12:00:00.000Z",
    ]);
  });

  test.each([
    [["a", "b"], ["a", "x", "b"], true],
    [["a", "a"], ["a"], false],
    [["b", "a"], ["a", "b"], false],
    [[], [], true],
  ])("%j in %j in order: %s", (wanted, found, result) => {
    expect(isInOrder(wanted, found)).toBe(result);
  });
});
