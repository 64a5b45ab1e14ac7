import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ledgerCat } from "../../../src/cli/ledger-cat.ts";
import { trailEntry, trailTable } from "../../../src/cli/trail.ts";
import type { EntryKind } from "../../../src/ledger/ledger-writer.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";

const bot = { username: "system:serviceaccount:agents:payments-bot" };
const decision = {
  time: "2026-11-24T12:00:00.000Z",
  verdict: "allow",
  code: "Approved",
  operation: "UPDATE",
  resource: { resource: "deployments", subresource: "scale" },
  object: { namespace: "payments-prod", name: "web" },
  user: bot,
  owners: { identity: "payments", policy: "platform", approving: ["payments", "platform"] },
};
const rejection = {
  time: "2026-11-24T12:00:01.000Z",
  operation: "UPDATE",
  object: { name: "inc-1" },
  user: { username: "alice@example.com" },
  spec: {
    decisions: [
      { verdict: "Approve", ownerName: "platform" },
      { verdict: "Reject", ownerName: "payments" },
    ],
  },
};

function entry(kind: EntryKind, spec: Readonly<Record<string, unknown>>): ReturnType<typeof trailEntry> {
  return trailEntry({ index: 7n, entry: { apiVersion: "ledger.writ.dev/v1alpha1", kind, spec } });
}

async function ledgerWith(entries: readonly (readonly [EntryKind, object])[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "writ-trail-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const ledger = await openLedger({ directory, writer: "w0" });
  for (const [kind, spec] of entries) await ledger.append(kind, spec);
  await ledger.close();
  return directory;
}

test("the table has one line for each entry, with the three owners of a decision", () => {
  expect(trailTable([entry("decision", decision), entry("approval", rejection)]).slice(1)).toEqual([
    "7  12:00:00.000  agents/payments-bot  update deployments/scale payments-prod/web  allow Approved       payments / platform / payments+platform",
    "7  12:00:01.000  alice@example.com    update approval inc-1                       Reject for payments",
  ]);
});

test("no control character of a recorded name reaches a terminal", () => {
  const hostile = entry("owner", { object: { name: "a\u001B[2Jb" }, user: { username: "x\ny" } });
  expect(trailTable([hostile]).join("")).not.toMatch(/\p{Cc}/u);
});

test("an entry with nothing known in it is a line all the same", () => {
  expect(trailTable([entry("startup", {})])).toHaveLength(2);
});

test("as JSON every entry is one document with its place and leaf hash", async () => {
  const directory = await ledgerWith([
    ["decision", decision],
    ["approval", rejection],
  ]);
  const lines: string[] = [];
  await ledgerCat(directory, "json", (line) => lines.push(line));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      writer: "w0",
      index: "0",
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      kind: "decision",
      spec: decision,
    },
    { writer: "w0", index: "1", kind: "approval", spec: rejection },
  ]);
});

test("a ledger of many pages is printed whole and in order", async () => {
  const directory = await ledgerWith(Array.from({ length: 1001 }, () => ["owner", {}] as const));
  const lines: string[] = [];
  await ledgerCat(directory, "table", (line) => lines.push(line));
  expect(lines.filter((line) => !line.startsWith("#")).map((line) => line.split(" ")[0])).toEqual(
    Array.from({ length: 1001 }, (_, index) => String(index)),
  );
});
