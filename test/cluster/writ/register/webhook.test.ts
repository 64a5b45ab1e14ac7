import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fullAt, incompleteKey, readRegister, registerName } from "../../../../src/api/register/content.ts";
import { type Bench, eventually, outcome, startBench } from "../bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  bot,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  owner,
  owners,
  patchSpec,
  touch,
} from "../objects.ts";
import { startWriters } from "./many-writers.ts";

const register = `/api/v1/namespaces/writ-system/configmaps/${registerName}`;
const second = { serviceAccount: { namespace: "agents", name: "second-bot" } };
let bench: Bench;

beforeAll(async () => {
  bench = await startBench({ writ: { operator: false } });
  await applyWorld(bench);
  await bench.addAgent("second-bot");
  await patchSpec(bench, "bob", owners("robots"), { identities: [bot, second] });
  await bench.must("bob", "POST", capabilities(), capability("seconds", { agents: [second] }));
  for (const name of ["one", "two"]) await bench.must("admin", "POST", configMaps(), configMap(name));
  await grant("first");
  await grant("second", { capabilityName: "seconds", agent: second });
  await eventually(async () => {
    expect(outcome(await touch(bench, "bot", configMaps("one")))).toBe("admitted");
    expect(outcome(await touch(bench, "second-bot", configMaps("two")))).toBe("admitted");
  });
  await settled();
});

afterAll(async () => {
  await bench.cluster.stop();
});

async function grant(name: string, spec: Parameters<typeof approval>[1] = {}): Promise<void> {
  await bench.must("carol", "POST", approvals(), approval(name, spec));
  await approveBoth(bench, approvals(name));
}

interface Counts {
  readonly register: number;
  readonly named: number;
  /** Verdicts by how they were proven. */
  readonly proofs: Readonly<Record<string, number>>;
}

async function counts(): Promise<Counts> {
  const text = await (await fetch(bench.writ.metricsUrl)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  const proofs = [...text.matchAll(/^writ_proofs_total\{by="(\w+)"\} (\d+)$/gm)];
  return {
    register: sum(/^writ_live_reads_total\{object="register",result="\w[\w-]*"\} (\d+)$/gm),
    named: sum(/^writ_live_reads_total\{object="named",result="\w[\w-]*"\} (\d+)$/gm),
    proofs: Object.fromEntries(proofs.map(([, by = "", value]) => [by, Number(value)])),
  };
}

/** What the work cost. */
async function costOf(work: () => Promise<unknown>): Promise<Counts> {
  const before = await counts();
  await work();
  const after = await counts();
  return {
    register: after.register - before.register,
    named: after.named - before.named,
    proofs: Object.fromEntries(
      Object.entries(after.proofs)
        .map(([by, count]) => [by, count - (before.proofs[by] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    ),
  };
}

/** Until the watches have shown what was announced, so that a write costs no read by name. */
async function settled(): Promise<void> {
  await eventually(async () => {
    const { named } = await costOf(() => touch(bench, "bot", configMaps("one")));
    expect(named).toBe(0);
  });
}

async function write(who = "bot", name = "one"): Promise<string> {
  return outcome(await touch(bench, who, configMaps(name)));
}

describe("an allow", () => {
  test("costs one read of the register and none of any object", async () => {
    let said = "";
    const cost = await costOf(async () => {
      said = await write();
    });
    expect([said, cost]).toEqual(["admitted", { register: 1, named: 0, proofs: { register: 1 } }]);
  });

  test("of two agents at the same time shares the reads with others", async () => {
    const writes = 60;
    const cost = await costOf(() =>
      Promise.all(
        Array.from({ length: writes }, (_, index) =>
          index % 2 === 0
            ? bench.must("bot", "POST", configMaps(), configMap(`a-${index}`))
            : bench.must("second-bot", "POST", configMaps(), configMap(`a-${index}`)),
        ),
      ),
    );
    expect([cost.named, cost.proofs]).toEqual([0, { register: writes }]);
    expect(cost.register).toBeLessThan(writes);
  });

  test("that a denial would cost nothing is not paid for", async () => {
    const cost = await costOf(() => bench.call("bot", "DELETE", "/api/v1/namespaces/payments-prod/services/x"));
    expect(cost).toMatchObject({ register: 0, named: 0 });
  });
});

test("no write that begins after a rival claim was acknowledged is admitted", async () => {
  const rival = owner("rival", { resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }] });
  for (let trial = 0; trial < 15; trial++) {
    await eventually(async () => expect(await write()).toBe("admitted"));
    await bench.must("bob", "POST", owners(), rival);
    expect(await write(), `trial ${trial}`).toBe("ConflictingClaim");
    await bench.must("bob", "DELETE", owners("rival"));
  }
});

describe("a register that somebody tampers with", () => {
  const edit = (data: object): Promise<unknown> =>
    bench.must("admin", "PATCH", register, { data }, { "content-type": "application/merge-patch+json" });
  const content = async (): Promise<ReturnType<typeof readRegister>> =>
    readRegister((await bench.must("admin", "GET", register)).json());

  async function unfreeze(): Promise<void> {
    await patchSpec(bench, "dave", owners("cluster"), { suspended: false });
    await eventually(async () => expect(await write("second-bot", "two")).toBe("admitted"));
  }

  /** Grants anew, shows that it counts, and that it no longer does once rejected. */
  async function revokes(name: string, by: string): Promise<void> {
    await bench.call("alice", "DELETE", approvals("first"));
    await grant(name);
    await eventually(async () => {
      const cost = await costOf(async () => expect(await write()).toBe("admitted"));
      expect(cost.proofs).toEqual({ [by]: 1 });
    });
    expect(outcome(await decide(bench, "alice", approvals(name), "Reject", "payments"))).toBe("admitted");
    expect(await write()).toBe("ApprovalRejected");
    await bench.must("alice", "DELETE", approvals(name));
  }

  test("by writing what no guard writes: everything is read", async () => {
    await edit({ note: "hello" });
    await revokes("edited", "incomplete");
    await edit({ note: null });
  });

  test("by filling it: the guard empties it, and everything is read", async () => {
    await edit({ filler: "x".repeat(1_000_000) });
    await revokes("filled", "incomplete");
    const emptied = await content();
    expect(emptied?.complete).toBe(false);
    await edit({ [incompleteKey]: null });
    expect((await content())?.complete).toBe(true);
  });

  test("by putting its keys where none of the guard may stand: it takes them away", async () => {
    const { uid } = ((await bench.must("admin", "GET", owners("cluster"))).json() as Stored).metadata;
    const { generation } = ((await bench.must("admin", "GET", owners("cluster"))).json() as Stored).metadata;
    const binaryData = { [`${uid}.${generation}`]: "AAAA" };
    await bench.must("admin", "PATCH", register, { binaryData }, { "content-type": "application/merge-patch+json" });
    expect(outcome(await patchSpec(bench, "dave", owners("cluster"), { suspended: true }))).toBe("admitted");
    expect(await write("second-bot", "two")).toBe("Frozen");
    await unfreeze();
  });

  test("by making it immutable: nothing is changed, until it is deleted and made anew", async () => {
    await bench.must(
      "admin",
      "PATCH",
      register,
      { immutable: true },
      { "content-type": "application/merge-patch+json" },
    );
    expect(outcome(await patchSpec(bench, "dave", owners("cluster"), { suspended: true }))).toBe("RegisterFailed");
    await bench.must("admin", "DELETE", register);
    expect(outcome(await patchSpec(bench, "dave", owners("cluster"), { suspended: true }))).toBe("admitted");
    expect(await write("second-bot", "two")).toBe("Frozen");
    await unfreeze();
  });

  test("by deleting it: the guard makes another, and everything is read", async () => {
    await bench.must("admin", "DELETE", register);
    const cost = await costOf(async () => expect(await write("second-bot", "two")).toBe("admitted"));
    expect([cost.proofs, cost.named]).toEqual([{ missing: 1 }, 6]);
    await revokes("deleted", "incomplete");
    expect((await content())?.complete).toBe(false);
  });

  interface Stored {
    readonly metadata: { readonly uid: string; readonly generation: number };
  }
});

test("10,000 changes leave the register bounded", async () => {
  // As many guards would write, over the real API: each change under the same name is an intent of its own.
  const announce = await startWriters(bench);
  try {
    let largest = 0;
    const look = async (): Promise<void> => {
      const size = (await bench.must("admin", "GET", register)).text.length;
      largest = Math.max(largest, size);
    };
    for (let round = 0; round < 100; round++) {
      await Promise.all([look(), ...Array.from({ length: 100 }, () => announce.write(randomUUID()))]);
    }
    expect(announce.written()).toBe(10_000);
    // Keys, values and the names of fields that the API server keeps beside them.
    expect(largest).toBeLessThan(4 * fullAt);
  } finally {
    await announce.stop();
  }
});
