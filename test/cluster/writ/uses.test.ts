import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { ledgerUses } from "../../../src/cli/ledger-uses.ts";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { type Component, startComponent } from "../../control-plane/component.ts";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { crdsDirectory } from "../../control-plane/manifests.ts";
import { freePort } from "../../control-plane/ports.ts";
import { sendRequest } from "../../control-plane/request.ts";
import { type Bench, type Status, eventually, outcome, startBench } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  botUser,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  mergePatch,
  touch,
} from "./objects.ts";

const webCount = 32;

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
  await bench.must(
    "bob",
    "POST",
    capabilities(),
    capability("capped", {
      approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner" }], maxUses: 2 }],
    }),
  );
  for (let i = 0; i < webCount; i++) await bench.must("admin", "POST", configMaps(), configMap(`web-${i}`));
});

afterAll(() => bench.cluster.stop());

/** A live approval of that many uses, and the only one: what an earlier test left is deleted. */
async function grant(name: string, spec: object = {}): Promise<string> {
  const list = (await bench.must("admin", "GET", approvals())).json() as { readonly items: ElevationApproval[] };
  for (const { metadata } of list.items) await bench.must("admin", "DELETE", approvals(metadata.name));
  await bench.must("carol", "POST", approvals(), approval(name, spec));
  await approveBoth(bench, approvals(name));
  await eventually(async () => {
    expect(outcome(await touch(bench, "bot", configMaps("web-0"), "?dryRun=All"))).toBe("admitted");
  });
  return approvals(name);
}

async function stored(path: string): Promise<ElevationApproval> {
  return (await bench.must("admin", "GET", path)).json() as ElevationApproval;
}

async function usesOf(path: string): Promise<number> {
  return (await stored(path)).status?.uses ?? 0;
}

function said(response: ApiResponse): string {
  return (response.json() as Status).message ?? "";
}

/** What `writ ledger uses` says of the approval, compared with the cluster. */
async function account(
  name: string,
  ...more: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  const kubeconfig = bench.cluster.writeKubeconfig(join(bench.cluster.dir, "ledger-uses.kubeconfig"), [
    { name: "admin", credentials: bench.credentials("admin") },
  ]);
  const lines: string[] = [];
  const code = await ledgerUses({
    directories: [bench.writ.ledgerDir, ...more],
    approval: `payments-prod/${name}`,
    kubeconfig,
    json: false,
    print: (line) => lines.push(line),
  });
  return { code, text: lines.join("\n") };
}

/** `use` of the recorded allows under the approval of this name, in their order. */
async function recordedUses(name: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  for await (const { entry } of readLedger(bench.writ.ledgerDir)) {
    const { verdict, use, basis } = entry.spec as {
      readonly verdict?: string;
      readonly use?: Readonly<Record<string, unknown>>;
      readonly basis?: { readonly approval: { readonly name: string } };
    };
    if (verdict === "allow" && basis?.approval.name === name && use) found.push(use);
  }
  return found;
}

describe("an approval of three uses", () => {
  test("admits three writes and denies the fourth, which learns what to do next", async () => {
    const path = await grant("three", { maxUses: 3 });
    for (let i = 0; i < 3; i++) expect(outcome(await touch(bench, "bot", configMaps("web-1")))).toBe("admitted");
    const fourth = await touch(bench, "bot", configMaps("web-1"));
    expect(outcome(fourth)).toBe("ApprovalExhausted");
    expect(said(fourth)).toContain("all 3 uses are consumed");
    expect(said(fourth)).toContain("request anew");
    await eventually(async () => {
      expect((await stored(path)).status).toMatchObject({ uses: 3, phase: "Exhausted" });
    });
    expect((await recordedUses("three")).map(({ ordinal, of }) => [ordinal, of])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(await account("three")).toMatchObject({ code: 0, text: expect.stringContaining("3 of 3 uses recorded") });
  });

  test("is not used by rehearsals, denials and reads", async () => {
    const path = await grant("rehearsed", { maxUses: 3 });
    await touch(bench, "bot", configMaps("web-1"), "?dryRun=All");
    await bench.call("bot", "GET", configMaps("web-1"));
    expect(outcome(await bench.call("bot", "POST", "/api/v1/namespaces", { metadata: { name: "x" } }))).toBe("NoRule");
    expect(await usesOf(path)).toBe(0);
  });

  test("counts each creation, and the same write of the same stored version once", async () => {
    const path = await grant("repeated", { maxUses: 3 });
    const still = () =>
      bench.call("bot", "PATCH", configMaps("web-2"), { data: { key: "0" } }, mergePatch).then((r) => outcome(r));
    expect([await still(), await still(), await still()]).toEqual(["admitted", "admitted", "admitted"]);
    expect(await usesOf(path)).toBe(1);
    const create = () => bench.call("bot", "POST", configMaps(), configMap("web-0")).then((r) => outcome(r));
    expect([await create(), await create()]).toEqual(["409 AlreadyExists", "409 AlreadyExists"]);
    expect(await usesOf(path)).toBe(3);
    // The very same as the first: its use was counted.
    expect(await still()).toBe("admitted");
    expect(outcome(await touch(bench, "bot", configMaps("web-2")))).toBe("ApprovalExhausted");
    expect(await recordedUses("repeated")).toEqual([
      expect.objectContaining({ ordinal: 1 }),
      { repeats: 1, of: 3 },
      { repeats: 1, of: 3 },
      expect.objectContaining({ ordinal: 2 }),
      expect.objectContaining({ ordinal: 3 }),
      { repeats: 1, of: 3 },
    ]);
  });
});

describe("the limit of a capability", () => {
  test("holds for approvals that name none", async () => {
    await grant("without", { capabilityName: "capped" });
    for (let i = 0; i < 2; i++) expect(outcome(await touch(bench, "bot", configMaps("web-1")))).toBe("admitted");
    expect(outcome(await touch(bench, "bot", configMaps("web-1")))).toBe("ApprovalExhausted");
  });

  test("refuses approvals that ask for more, and tells it", async () => {
    const ask = (maxUses: number) =>
      bench.call(
        "carol",
        "POST",
        `${approvals()}?dryRun=All`,
        approval("asked", { capabilityName: "capped", maxUses }),
      );
    const refused = await ask(3);
    expect(outcome(refused)).toBe("UsesAboveCap");
    expect(said(refused)).toContain("spec.maxUses 3 is more than the 2 uses that High risk allows");
    expect(outcome(await ask(2))).toBe("admitted");
  });
});

describe("many writes at once", () => {
  test("of one call that deletes a collection, as many are admitted as uses are left", async () => {
    const labels = { sweep: "me" };
    for (let i = 0; i < 6; i++) {
      const metadata = { name: `swept-${i}`, namespace: "payments-prod", labels };
      await bench.must("admin", "POST", configMaps(), { ...configMap(metadata.name), metadata });
    }
    const collection = `${configMaps()}?labelSelector=sweep%3Dme`;
    const path = await grant("sweep", { maxUses: 2 });
    expect(outcome(await bench.call("bot", "DELETE", collection))).toBe("ApprovalExhausted");
    const { items } = (await bench.must("admin", "GET", collection)).json() as { readonly items: readonly unknown[] };
    expect(items).toHaveLength(4);
    expect(await usesOf(path)).toBe(2);
  });

  test("of 32 an approval of ten uses admits ten at most, and the record explains the counter", async () => {
    const path = await grant("ten", { maxUses: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: webCount }, (_, i) => touch(bench, "bot", configMaps(`web-${i}`)).then((r) => outcome(r))),
    );
    const admitted = outcomes.filter((one) => one === "admitted").length;
    expect(admitted).toBe(10);
    expect(new Set(outcomes)).toEqual(new Set(["admitted", "ApprovalExhausted"]));
    expect(await usesOf(path)).toBe(10);
    const { code, text } = await account("ten");
    expect([code, text]).toEqual([
      0,
      expect.stringContaining("10 of 10 uses recorded, 0 repeated; the counter shows 10"),
    ]);
    expect(text).not.toContain("not recorded");
  });

  test("to one object are counted once at least for each that takes effect", async () => {
    const path = await grant("contended", { maxUses: 40 });
    const before = await version("web-3");
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => touch(bench, "bot", configMaps("web-3")).then((r) => outcome(r))),
    );
    const admitted = outcomes.filter((one) => one === "admitted").length;
    expect(await version("web-3")).not.toBe(before);
    const uses = await usesOf(path);
    expect(uses).toBeGreaterThanOrEqual(admitted);
    expect(uses).toBeLessThanOrEqual(40);
    expect((await account("contended")).code).toBe(0);
  });
});

async function version(name: string): Promise<string> {
  const { metadata } = (await bench.must("admin", "GET", configMaps(name))).json() as {
    readonly metadata: { readonly resourceVersion: string };
  };
  return metadata.resourceVersion;
}

/** Calls of the guard that were answered so far. */
async function guardCalls(): Promise<number> {
  const text = await (await fetch(bench.writ.metricsUrl)).text();
  return [...text.matchAll(/^writ_admission_reviews_total\{endpoint="guard"[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

test("a rejection among 32 hammering writers needs few attempts, and nothing is admitted after it", async () => {
  const path = await grant("hammered", { maxUses: 100_000 });
  const state = { running: true, acknowledged: false };
  const late: string[] = [];
  let admitted = 0;
  const writers = Array.from({ length: webCount }, async (_, i) => {
    while (state.running) {
      const { acknowledged } = state;
      const became = outcome(await touch(bench, "bot", configMaps(`web-${i}`)));
      if (acknowledged) late.push(became);
      else if (became === "admitted") admitted += 1;
    }
  });
  await eventually(() => {
    expect(admitted).toBeGreaterThan(webCount);
  });
  const before = await guardCalls();
  const rejected = await decide(bench, "alice", path, "Reject", "payments");
  state.acknowledged = true;
  const calls = (await guardCalls()) - before;
  await eventually(() => {
    expect(late.length).toBeGreaterThan(webCount);
  });
  state.running = false;
  await Promise.all(writers);
  expect(outcome(rejected)).toBe("admitted");
  expect(calls).toBeLessThanOrEqual(5);
  expect(late.filter((one) => one === "admitted")).toEqual([]);
  expect((await account("hammered")).code).toBe(0);
});

describe("two webhook processes", () => {
  /** The same configuration on other ports, with a ledger of its own. */
  async function startSecond(): Promise<{
    readonly url: string;
    readonly component: Component;
    readonly ledger: string;
  }> {
    const configuration = parse(readFileSync(bench.writ.configFile, "utf8")) as Record<string, Record<string, unknown>>;
    const directory = dirname(bench.writ.configFile);
    const [port, telemetryPort] = [await freePort(), await freePort()];
    const ledger = join(directory, "ledger-second");
    const configFile = join(directory, "webhook-second.yaml");
    writeFileSync(
      configFile,
      stringify({
        ...configuration,
        webhook: { ...configuration["webhook"], listen: { host: "127.0.0.1", port } },
        telemetry: { ...configuration["telemetry"], webhook: { host: "127.0.0.1", port: telemetryPort } },
        ledger: { directory: ledger, writer: "w1" },
      }),
    );
    const component = await startComponent(bench.cluster.supervisor, {
      name: "webhook-second",
      command: [
        process.execPath,
        fileURLToPath(new URL("../../../src/main.ts", import.meta.url)),
        "webhook",
        "--config",
        configFile,
      ],
      env: { PATH: process.env["PATH"] ?? "", HOME: bench.cluster.dir },
      logFile: join(directory, "webhook-second.log"),
      ready: async () => (await fetch(`http://127.0.0.1:${telemetryPort}/readyz`)).ok,
      readyTimeout: 30_000,
    });
    return { url: `https://127.0.0.1:${port}/gate`, component, ledger };
  }

  test("that are asked at once count one approval together, also when one is killed", async () => {
    const path = await grant("shared", { maxUses: 25 });
    const second = await startSecond();
    const account_ = await bench.must("admin", "GET", "/api/v1/namespaces/agents/serviceaccounts/payments-bot");
    const { uid } = (account_.json() as { readonly metadata: { readonly uid: string } }).metadata;
    /** Asks a gate as the API server does. */
    const ask = async (url: string, id: number): Promise<string> => {
      const metadata = { name: `web-${id}`, namespace: "payments-prod", uid: `uid-${id}`, resourceVersion: "1" };
      const request = {
        uid: `review-${id}`,
        kind: { group: "", version: "v1", kind: "ConfigMap" },
        resource: { group: "", version: "v1", resource: "configmaps" },
        name: metadata.name,
        namespace: metadata.namespace,
        operation: "UPDATE",
        userInfo: {
          username: botUser,
          uid,
          groups: ["system:serviceaccounts", "system:authenticated"],
          extra: { "authentication.kubernetes.io/credential-id": ["JTI=bot"] },
        },
        object: { metadata, data: { key: String(id) } },
        oldObject: { metadata },
      };
      const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
      const connection = { ca: bench.writ.webhookCa };
      const { credentials } = bench.cluster.webhookClient;
      try {
        const answer = await sendRequest(`${url}?timeout=5s`, credentials, connection, { body: review });
        const { response } = answer.json() as {
          readonly response: { readonly allowed: boolean; readonly status?: { readonly message: string } };
        };
        return response.allowed ? "admitted" : (/^\w+/.exec(response.status?.message ?? "")?.[0] ?? "denied");
      } catch {
        return "lost";
      }
    };
    const urls = [bench.writ.gateUrl, second.url];
    const round = (from: number): Promise<string>[] =>
      Array.from({ length: 12 }, (_, i) => ask(urls[i % 2] ?? "", from + i));
    const first = await Promise.all(round(0));
    expect(first.filter((one) => one === "admitted").length).toBe(12);
    const asked = round(100);
    await second.component.kill("SIGKILL");
    const outcomes = [...first, ...(await Promise.all(asked))];
    await second.component.restart();
    for (const from of [200, 300, 400]) outcomes.push(...(await Promise.all(round(from))));
    const admitted = outcomes.filter((one) => one === "admitted").length;
    const lost = outcomes.filter((one) => one === "lost").length;
    expect(await usesOf(path)).toBe(25);
    expect(admitted).toBeLessThanOrEqual(25);
    expect(admitted).toBeGreaterThanOrEqual(25 - lost);
    const { code, text } = await account("shared", second.ledger);
    expect([code, text]).toEqual([0, expect.stringContaining("of 25 uses recorded")]);
    // Either ledger alone lacks what the other has.
    expect((await account("shared")).text).toContain("counted and not recorded");
  });
});

describe("the counter", () => {
  const status = (path: string) => `${path}/status`;
  const counted = { status: { uses: 7 } };
  const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

  /** The bench lets everybody try everything: for once, RBAC alone stands in the way. */
  async function underRbac(run: () => Promise<void>): Promise<void> {
    const { metadata, roleRef, subjects } = (await bench.must("admin", "GET", `${bindings}/may-try`)).json() as {
      readonly metadata: { readonly name: string };
      readonly roleRef: object;
      readonly subjects: object;
    };
    await bench.must("admin", "DELETE", `${bindings}/may-try`);
    try {
      await run();
    } finally {
      await bench.must("admin", "POST", bindings, { metadata: { name: metadata.name }, roleRef, subjects });
    }
  }

  test("is written by neither agents, approvers, requesters nor policy admins", async () => {
    const path = await grant("guarded", { maxUses: 9 });
    await underRbac(async () => {
      for (const role of ["writ-approver", "writ-requester", "writ-policy-admin", "writ-viewer", "admin"]) {
        const who = `who has ${role}`;
        await bench.addPerson(who, `${role}@example.com`);
        await bench.must("admin", "POST", bindings, {
          metadata: { name: `uses-${role}` },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
          subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: `${role}@example.com` }],
        });
        const write = (query = "") => bench.call(who, "PATCH", `${status(path)}${query}`, counted, mergePatch);
        await eventually(async () => expect((await write("?dryRun=All")).status).toBe(403));
        expect([role, outcome(await write())]).toEqual([role, "403 Forbidden"]);
      }
      // Its RBAC is cluster-admin: the gate stands in the way.
      expect(outcome(await bench.call("bot", "PATCH", status(path), counted, mergePatch))).toBe("NeverGrantable");
      expect(await usesOf(path)).toBe(0);
    });
  });

  test("is all that the webhook may write", async () => {
    const path = await grant("narrow", { maxUses: 9 });
    const token = await bench.cluster.token({ namespace: "writ-system", serviceAccount: "writ-webhook" });
    const write = async (method: string, target: string, body: object): Promise<number> =>
      (await bench.cluster.request(target, { method, credentials: { token }, body, headers: mergePatch })).status;
    const kinds = "/apis/writ.dev/v1alpha1";
    await underRbac(async () => {
      await eventually(async () => expect(await write("PATCH", path, { spec: { reason: "x" } })).toBe(403));
      expect(await write("PATCH", status(path), { status: { uses: 1 } })).toBe(200);
      expect(await write("PATCH", `${kinds}/identityowners/platform/status`, { status: {} })).toBe(403);
      expect(await write("PATCH", `${kinds}/agentcapabilities/capped/status`, { status: {} })).toBe(403);
      expect(await write("DELETE", path, {})).toBe(403);
      expect(await write("PATCH", configMaps("web-0"), { data: {} })).toBe(403);
    });
  });

  test("that cannot be written admits nothing, and says where to look", async () => {
    await grant("unwritable", { maxUses: 9 });
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/writ-webhook";
    const { rules } = (await bench.must("admin", "GET", role)).json() as {
      readonly rules: readonly { readonly resources: readonly string[] }[];
    };
    const less = rules.filter(({ resources }) => !resources.includes("elevationapprovals/status"));
    await underRbac(async () => {
      await bench.must("admin", "PATCH", role, { rules: less }, mergePatch);
      try {
        await eventually(async () => {
          const response = await touch(bench, "bot", configMaps("web-1"));
          expect(outcome(response)).toBe("UseNotCounted");
          expect(said(response)).toContain("its right to patch elevationapprovals/status");
        });
      } finally {
        await bench.must("admin", "PATCH", role, { rules }, mergePatch);
      }
    });
  });

  test("that was written back past the CRD's rules is noticed by the gate and by the record", async () => {
    const path = await grant("written-back", { maxUses: 3 });
    for (let i = 0; i < 3; i++) expect(outcome(await touch(bench, "bot", configMaps("web-1")))).toBe("admitted");
    const present = readFileSync(join(crdsDirectory, "elevationapprovals.yaml"), "utf8");
    const apply = async (stdin: string): Promise<void> => {
      expect((await bench.cluster.kubectl(["apply", "--server-side", "-f", "-"], { stdin })).code).toBe(0);
    };
    await apply(present.replace(/rule: "!has\(oldSelf\.uses\).*"/, 'rule: "true"'));
    try {
      await eventually(async () => {
        await bench.must("admin", "PATCH", status(path), { status: { uses: 1 } }, mergePatch);
      });
    } finally {
      await apply(present);
    }
    const response = await touch(bench, "bot", configMaps("web-1"));
    expect(outcome(response)).toBe("UseCounterTampered");
    expect(said(response)).toContain("shows 1 uses and has shown 3");
    const { code, text } = await account("written-back");
    expect([code, text]).toEqual([3, expect.stringContaining("ALARM CounterBelowRecord")]);
  });
});
