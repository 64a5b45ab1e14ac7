import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LedgerRecord, readLedger } from "../../../src/ledger/read-ledger.ts";
import { type Bench, eventually, outcome, startBench } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  botUser,
  capabilities,
  configMap,
  configMaps,
  decide,
  owner,
  owners,
  patchSpec,
  path,
  touch,
} from "./objects.ts";

/** Holds the ledger, the script that starts Writ, and the file that makes that script give the ledger a tiny disk. */
const directory = mkdtempSync(join(tmpdir(), "writ-record-"));
const ledgerDir = join(directory, "ledger");
const tinyDisk = join(directory, "tiny-disk");

let bench: Bench;

beforeAll(async () => {
  const script = join(directory, "writ");
  const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
  // In a mount namespace of its own: the tiny disk goes away with the process, however that ends.
  writeFileSync(
    script,
    `if [ -e '${tinyDisk}' ]; then
  exec unshare --mount sh -c 'mount -t tmpfs -o size=128k none "$0" && exec "$@"' '${ledgerDir}' '${process.execPath}' '${main}' "$@"
fi
exec '${process.execPath}' '${main}' "$@"
`,
  );
  bench = await startBench({ writ: { operator: false, command: ["sh", script], ledgerDir } });
  await applyWorld(bench);
  await bench.must("admin", "POST", configMaps(), configMap("web"));
});

afterAll(async () => {
  await bench.cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function entries(kind?: string): Promise<readonly LedgerRecord[]> {
  const found: LedgerRecord[] = [];
  for await (const record of readLedger(ledgerDir))
    if (kind === undefined || record.entry.kind === kind) found.push(record);
  return found;
}

/** What one call adds to the ledger, less the time and the uid of the call. */
async function added(call: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const before = (await entries()).length;
  await call();
  return (await entries()).slice(before).map(({ entry }) => ({ kind: entry.kind, ...entry.spec }));
}

/** What the API server's audit log says of entries: key to `writer;index;leaf hash`, over all of Writ's webhooks. */
function witnessed(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(bench.cluster.auditLog, "utf8").split("\n")) {
    if (!line.includes(".writ.dev/d.")) continue;
    const { annotations = {} } = JSON.parse(line) as { readonly annotations?: Readonly<Record<string, string>> };
    for (const [key, value] of Object.entries(annotations)) {
      if (/^(gate|guard|guard-delete|stamps)\.writ\.dev\/d\./.test(key)) found.set(key.replace(/.*\//, ""), value);
    }
  }
  return found;
}

describe("the record", () => {
  test("names agent, credential, owners and reason of a denial", async () => {
    expect(await added(() => touch(bench, "bot", configMaps("web")))).toEqual([
      expect.objectContaining({
        kind: "decision",
        verdict: "deny",
        code: "NoApproval",
        operation: "UPDATE",
        resource: { group: "", version: "v1", resource: "configmaps", subresource: "" },
        object: expect.objectContaining({ namespace: "payments-prod", name: "web" }) as unknown,
        user: expect.objectContaining({ username: botUser }) as unknown,
        credential: expect.objectContaining({ id: expect.stringMatching(/^JTI=/) as unknown }) as unknown,
        owners: { identity: "robots", policy: "platform", approving: ["payments"] },
        caller: expect.objectContaining({ kind: "client-certificate" }) as unknown,
      }),
    ]);
  });

  test("names requester, approvers, three owners and the exact policy of an allow", async () => {
    await bench.must("carol", "POST", approvals(), approval("web", { reason: "traffic", ticket: "INC-1" }));
    await approveBoth(bench, approvals("web"));
    await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("web")))).toBe("admitted"));
    const [entry] = await added(() => touch(bench, "bot", configMaps("web")));
    expect(entry).toMatchObject({
      verdict: "allow",
      code: "Approved",
      owners: { identity: "robots", policy: "platform", approving: ["payments", "platform"] },
      basis: {
        risk: "High",
        rules: ["configure"],
        capability: { name: "configurator", definedBy: { by: "bob@example.com", ownerName: "platform" } },
        approval: {
          name: "web",
          requestedBy: "carol@example.com",
          reason: "traffic",
          ticket: "INC-1",
          approvals: [
            { by: "alice@example.com", ownerName: "payments", member: "user:alice@example.com" },
            { by: "bob@example.com", ownerName: "platform", member: "group:platform-leads" },
          ],
        },
      },
    });
  });

  test("holds no content of the objects that agents write", async () => {
    const secret = "do-not-write-this-down";
    const body = { ...configMap("secretive"), data: { key: secret } };
    await bench.must("bot", "POST", configMaps(), body);
    const recorded = (await entries()).map(({ bytes }) => bytes.toString()).join("\n");
    expect(recorded).toContain('"secretive"');
    expect(recorded).not.toContain(secret);
    expect(readFileSync(bench.writ.webhook.logFile, "utf8")).not.toContain(secret);
  });

  test.each([
    ["an owner", "owner", "bob", () => bench.must("bob", "POST", owners(), owner("recorded"))],
    ["a suspension", "owner", "bob", () => patchSpec(bench, "bob", owners("recorded"), { suspended: true })],
    [
      "a policy",
      "capability",
      "bob",
      () => patchSpec(bench, "bob", capabilities("configurator"), { suspended: false }),
    ],
    ["a request", "approval", "carol", () => bench.must("carol", "POST", approvals(), approval("recorded"))],
    ["an approval", "approval", "alice", () => decide(bench, "alice", approvals("recorded"), "Approve", "payments")],
    ["a deletion", "approval", "alice", () => bench.must("alice", "DELETE", approvals("recorded"))],
  ])("holds %s with its author", async (_, kind, who, change) => {
    expect(await added(change)).toEqual([
      expect.objectContaining({
        kind,
        user: expect.objectContaining({ username: `${who}@example.com` }) as unknown,
        credential: { id: expect.stringMatching(/^X509SHA256=/) as unknown },
        object: expect.objectContaining({ name: kind === "capability" ? "configurator" : "recorded" }) as unknown,
      }),
    ]);
  });

  test("holds the agent's own request twice: as its decision and as a change", async () => {
    const recorded = await added(() => bench.must("bot", "POST", approvals(), approval("own")));
    expect(recorded.map(({ kind, code }) => `${String(kind)} ${String(code)}`).sort()).toEqual([
      "approval undefined",
      "decision OwnRequest",
    ]);
  });

  test.each([
    ["the guard", "ClaimRequired", "carol", () => patchSpec(bench, "carol", owners("payments"), { suspended: true })],
    ["the stamps", "NotAMember", "carol", () => decide(bench, "carol", approvals("web"), "Reject", "payments")],
  ])("holds what %s refused", async (_, code, who, change) => {
    expect(await added(change)).toEqual([
      expect.objectContaining({
        kind: "decision",
        verdict: "deny",
        code,
        user: expect.objectContaining({ username: `${who}@example.com` }) as unknown,
      }),
    ]);
  });

  test("holds no dry run, of agents or of people, admitted or not", async () => {
    const recorded = await added(async () => {
      await touch(bench, "bot", configMaps("web"), "?dryRun=All");
      await bench.call("bot", "POST", `${path("secrets", "payments-prod")}?dryRun=All`, { metadata: { name: "x" } });
      await bench.call("bob", "POST", `${owners()}?dryRun=All`, owner("dry"));
      await bench.call("carol", "DELETE", `${approvals("web")}?dryRun=All`);
      await patchSpec(bench, "carol", `${owners("payments")}?dryRun=All`, { suspended: true });
    });
    expect(recorded).toEqual([]);
  });

  test("is witnessed by the API server's audit log, entry by entry", async () => {
    const recorded = (await entries()).filter(({ entry }) => entry.kind !== "startup");
    expect(new Set(recorded.map(({ entry }) => entry.kind))).toEqual(
      new Set(["decision", "owner", "capability", "approval"]),
    );
    const expected = new Map(
      recorded.map(({ writer, index, leafHash, entry }) => [
        `d.${String(entry.spec["requestUid"]).replaceAll("-", "").slice(0, 12)}`,
        `${writer};${index};${leafHash.toString("hex")}`,
      ]),
    );
    expect(expected.size).toBe(recorded.length);
    await eventually(() => expect(witnessed()).toEqual(expected));
  });
});

describe("a webhook killed under load", () => {
  test("has recorded every write that an agent was told to have succeeded", async () => {
    const acknowledged: string[] = [];
    const state = { running: true, next: 0 };
    const writer = async (): Promise<void> => {
      while (state.running) {
        const name = `loaded-${(state.next += 1)}`;
        const response = await bench.call("bot", "POST", configMaps(), configMap(name));
        if (response.status === 201) acknowledged.push(name);
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, writer));
    for (let round = 1; round <= 3; round++) {
      await eventually(() => expect(acknowledged.length).toBeGreaterThanOrEqual(round * 60));
      await bench.writ.webhook.kill("SIGKILL");
      await bench.writ.webhook.restart();
    }
    state.running = false;
    await writers;
    const allowed = new Set(
      (await entries("decision"))
        .filter(({ entry }) => entry.spec["verdict"] === "allow" && entry.spec["operation"] === "CREATE")
        .map(({ entry }) => (entry.spec["object"] as { readonly name: string }).name),
    );
    expect(acknowledged.filter((name) => !allowed.has(name))).toEqual([]);
    expect((await entries("startup")).length).toBe(4);
  });

  test("leaves a gapless record that the restarted one goes on with", async () => {
    const recorded = await entries();
    expect(recorded.map(({ index }) => Number(index))).toEqual(recorded.map((_, position) => position));
  });
});

describe("a webhook whose disk is full", () => {
  const mounts = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

  test.runIf(mounts)(
    "denies what it cannot record, ends with an error, and agents are denied until it is back",
    async () => {
      writeFileSync(tinyDisk, "");
      await bench.writ.webhook.restart();
      rmSync(tinyDisk);
      const state = { next: 0 };
      const create = async (): Promise<string> => {
        const name = `full-${(state.next += 1)}`;
        const told = outcome(await bench.call("bot", "POST", configMaps(), configMap(name)));
        // Nothing is written that was not admitted, and what was admitted is.
        const found = await bench.call("admin", "GET", configMaps(name));
        expect([name, found.status]).toEqual([name, told === "admitted" ? 200 : 404]);
        return told;
      };
      const told: string[] = [];
      for (let last = ""; last !== "RecordFailed" && told.length < 1_000; told.push(last)) last = await create();
      expect(told.at(-1)).toBe("RecordFailed");
      expect(new Set(told.slice(0, -1))).toEqual(new Set(["admitted"]));
      expect(await bench.writ.webhook.exited).toEqual({ code: 1, signal: null });
      expect(readFileSync(bench.writ.webhook.logFile, "utf8")).toContain("the ledger cannot be written any more");
      expect(await create()).toBe("500 InternalError");
      await bench.writ.webhook.restart();
      await eventually(async () => expect(await create()).toBe("admitted"));
    },
  );
});
