import { describe, expect, test } from "vitest";
import { ledgerUses } from "../../../src/cli/ledger-uses.ts";
import { describeRange, judgeUses, useBook } from "../../../src/cli/use-account.ts";
import type { Counter } from "../../../src/cli/use-account.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { temporaryDirectory } from "../ledger/temporary-ledger.ts";

type Use = { readonly ordinal: number } | { readonly repeats: number } | undefined;

function allow(use: Use, of = 5, uid = "u1"): Readonly<Record<string, unknown>> {
  return {
    verdict: "allow",
    basis: { approval: { uid, namespace: "payments-prod", name: "inc-1" } },
    ...(use === undefined ? {} : { use: { ...use, of } }),
  };
}

/** Alarms and missing ordinals of these allows. */
function judged(
  allows: readonly Readonly<Record<string, unknown>>[],
  counter?: Counter,
): readonly (readonly string[])[] {
  const book = useBook();
  for (const one of allows) book.note(one);
  return book.accounts().map((account) => {
    const { alarms, missing } = judgeUses(account, counter);
    return [...alarms.map(({ code }) => code), ...missing.map(describeRange)];
  });
}

const shows = (uses: number): Counter => ({ kind: "counter", uses });

describe("uses that are recorded", () => {
  test.each<readonly [string, readonly Use[], Counter | undefined, readonly string[]]>([
    ["each once, in any order, are explained", [{ ordinal: 2 }, { ordinal: 1 }], undefined, []],
    ["as many as the counter shows are explained", [{ ordinal: 1 }, { ordinal: 2 }], shows(2), []],
    ["twice were given twice", [{ ordinal: 1 }, { ordinal: 1 }], undefined, ["OrdinalTwice"]],
    ["beyond the limit are too many", [{ ordinal: 1 }, { ordinal: 6 }], undefined, ["OrdinalAboveLimit", "2-5"]],
    ["beyond the counter: it was written back", [{ ordinal: 1 }, { ordinal: 2 }], shows(1), ["CounterBelowRecord"]],
    ["not, and counted, are missing", [{ ordinal: 1 }, { ordinal: 4 }], undefined, ["2-3"]],
    ["not, and counted at the end, are missing where the counter is known", [{ ordinal: 1 }], shows(3), ["2-3"]],
    ["before the approval was deleted are believed", [{ ordinal: 1 }], { kind: "gone" }, []],
    ["as repetitions are no uses", [{ ordinal: 1 }, { repeats: 1 }, { repeats: 1 }], shows(1), []],
    ["as repetitions of one that was never recorded leave it missing", [{ repeats: 1 }], shows(1), ["1"]],
    [
      "not at all beside those that are: an allow was not counted",
      [{ ordinal: 1 }, undefined],
      shows(1),
      ["AllowUncounted"],
    ],
  ])("%s", (_, uses, counter, expected) => {
    expect(
      judged(
        uses.map((use) => allow(use)),
        counter,
      ),
    ).toEqual([expected]);
  });

  test("of two approvals of one name are told apart", () => {
    expect(judged([allow({ ordinal: 1 }, 5, "u1"), allow({ ordinal: 1 }, 5, "u2")])).toEqual([[], []]);
  });

  test("are those of allows alone, under approvals with a limit", () => {
    expect(judged([{ ...allow({ ordinal: 1 }), verdict: "deny" }, allow(undefined)])).toEqual([]);
  });

  test("of an entry that says nonsense alarm rather than count", () => {
    expect(judged([allow({ ordinal: 1 }), allow({ ordinal: -3 }), allow({ ordinal: 1.5 })])).toEqual([
      ["AllowUncounted"],
    ]);
  });
});

describe("writ ledger uses", () => {
  const ledgerOf = async (...allows: readonly object[]): Promise<string> => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    for (const one of allows) await ledger.append("decision", one);
    await ledger.close();
    return directory;
  };
  const run = async (directories: readonly string[], approval?: string): Promise<readonly [number, string]> => {
    const lines: string[] = [];
    const code = await ledgerUses({
      directories,
      json: false,
      print: (line) => lines.push(line),
      ...(approval === undefined ? {} : { approval }),
    });
    return [code, lines.join("\n")];
  };

  test("puts the ledgers of several writers together, however they are named", async () => {
    const [one, other] = [await ledgerOf(allow({ ordinal: 1 })), await ledgerOf(allow({ ordinal: 2 }))];
    expect(await run([one, other])).toEqual([0, "payments-prod/inc-1 (u1): 2 of 5 uses recorded, 0 repeated"]);
    expect((await run([one, `${one}/`]))[0]).toBe(0);
  });

  test("ends with 3 when one use was given by two writers", async () => {
    const [one, other] = [await ledgerOf(allow({ ordinal: 1 })), await ledgerOf(allow({ ordinal: 1 }))];
    const [code, said] = await run([one, other]);
    expect(code).toBe(3);
    expect(said).toContain("ALARM OrdinalTwice: recorded more than once: 1");
  });

  test("speaks of one approval where it is named", async () => {
    const directory = await ledgerOf(allow({ ordinal: 1 }), allow({ ordinal: 1 }));
    expect(await run([directory], "payments-prod/other")).toEqual([0, "no counted use is recorded"]);
    expect((await run([directory], "payments-prod/inc-1"))[0]).toBe(3);
  });

  test("gives the same to programs", async () => {
    const lines: string[] = [];
    const directory = await ledgerOf(allow({ ordinal: 2 }));
    await ledgerUses({ directories: [directory], json: true, print: (line) => lines.push(line) });
    expect(JSON.parse(lines.join(""))).toEqual({
      approvals: [
        {
          namespace: "payments-prod",
          name: "inc-1",
          uid: "u1",
          maxUses: 5,
          recorded: 1,
          missing: ["1"],
          repetitions: 0,
          alarms: [],
        },
      ],
    });
  });
});
