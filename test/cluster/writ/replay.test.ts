import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shardName } from "../../../src/api/request-ids.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { type Bench, eventually, outcome, startBench } from "./bench.ts";
import { applyWorld, approval, approvals, approveBoth, configMap, configMaps, path, rule, touch } from "./objects.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench({ cluster: { controllerManager: true } });
  await applyWorld(bench, [rule("configure", { namespaces: ["payments-prod", "payments-dev"] })]);
  await bench.must("admin", "POST", configMaps(), configMap("target"));
});

afterAll(async () => {
  await bench.cluster.stop();
});

const create = async (name: string, requestID: string): Promise<string> =>
  outcome(await bench.call("carol", "POST", approvals(), approval(name, { requestID })));
const shard = (name: string): string => path("configmaps", "writ-system", name);

describe("a requestID that was given", () => {
  test("is spent by the first approval that has it: deleted and applied again it stays dead", async () => {
    const requestID = "1111111111111111";
    expect(await create("spent", requestID)).toBe("admitted");
    await approveBoth(bench, approvals("spent"));
    await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("target")))).toBe("admitted"));
    await bench.must("alice", "DELETE", approvals("spent"));
    expect(outcome(await touch(bench, "bot", configMaps("target")))).toBe("NoApproval");
    expect(await create("spent", requestID)).toBe("Replayed");
    expect(await create("under-another-name", requestID)).toBe("Replayed");
  });

  test("stays dead when every process of Writ has started anew", async () => {
    const requestID = "2222222222222222";
    expect(await create("restarted", requestID)).toBe("admitted");
    await bench.must("carol", "DELETE", approvals("restarted"));
    await bench.writ.webhook.restart();
    await bench.writ.operator?.restart();
    expect(await create("restarted", requestID)).toBe("Replayed");
  });

  test("stays dead when its approval is deleted while Writ is down", async () => {
    const requestID = "3333333333333333";
    expect(await create("down", requestID)).toBe("admitted");
    await bench.writ.webhook.kill("SIGKILL");
    await bench.must("carol", "DELETE", approvals("down"));
    await bench.writ.webhook.restart();
    expect(await create("down", requestID)).toBe("Replayed");
  });

  test("has one winner, however many ask at once", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `racer-${i}`);
    const outcomes = await Promise.all(names.map((name) => create(name, "4444444444444444")));
    expect(outcomes.filter((one) => one === "admitted")).toHaveLength(1);
    expect(outcomes.filter((one) => one === "Replayed")).toHaveLength(11);
  });

  test("is spent under a generated name too", async () => {
    const { spec } = approval("unnamed", { requestID: "8888888888888888" }) as ElevationApproval;
    const unnamed = { apiVersion: "writ.dev/v1alpha1", kind: "ElevationApproval", spec };
    const ask = () =>
      bench.call("carol", "POST", approvals(), {
        ...unnamed,
        metadata: { namespace: "payments-prod", generateName: "inc-" },
      });
    const first = await ask();
    expect(outcome(first)).toBe("admitted");
    await bench.must("carol", "DELETE", approvals((first.json() as ElevationApproval).metadata.name));
    expect(outcome(await ask())).toBe("Replayed");
  });

  test("is not spent by a dry run", async () => {
    const requestID = "5555555555555555";
    await bench.must("carol", "POST", `${approvals()}?dryRun=All`, approval("dry", { requestID }));
    expect(await create("dry", requestID)).toBe("admitted");
  });

  test("is free in a namespace in which it was never used", async () => {
    const requestID = "6666666666666666";
    expect(await create("here", requestID)).toBe("admitted");
    const there = approval("there", { requestID }, "payments-dev");
    expect(outcome(await bench.call("carol", "POST", approvals(undefined, "payments-dev"), there))).not.toBe(
      "Replayed",
    );
  });
});

test("a requestID that was stamped is no other approval's: a copy of an approval is refused", async () => {
  const stamped = await bench.must("carol", "POST", approvals(), approval("original"));
  const { requestID } = (stamped.json() as ElevationApproval).spec;
  await bench.must("carol", "DELETE", approvals("original"));
  expect(await create("original", requestID)).toBe("Replayed");
});

test("a request without an id of its own needs no reservation", async () => {
  const before = (await bench.must("admin", "GET", shard(shardName("payments-prod")))).text;
  await bench.must("carol", "POST", approvals(), approval("plain"));
  expect((await bench.must("admin", "GET", shard(shardName("payments-prod")))).text).toBe(before);
});

test("a namespace goes while no process of Writ lives, with approvals and their reservations in it", async () => {
  const namespace = "payments-dev";
  const request = approval("going", { requestID: "7777777777777777" }, namespace);
  await bench.must("carol", "POST", approvals(undefined, namespace), request);
  await bench.writ.webhook.kill("SIGKILL");
  await bench.writ.operator?.kill("SIGKILL");
  await bench.must("admin", "DELETE", `/api/v1/namespaces/${namespace}`);
  await eventually(async () =>
    expect((await bench.call("admin", "GET", `/api/v1/namespaces/${namespace}`)).status).toBe(404),
  );
  await bench.writ.webhook.restart();
  await bench.writ.operator?.restart();
});

describe("the webhook's identity", () => {
  const asWebhook = (verb: string, name: string): Promise<boolean> => mayDo("writ-webhook", verb, name);

  test("may create and patch the reservations, and no other ConfigMap", async () => {
    expect(await asWebhook("create", shardName("payments-prod"))).toBe(true);
    expect(await asWebhook("patch", shardName("payments-prod"))).toBe(true);
    expect(await asWebhook("create", "anything")).toBe(false);
    expect(await asWebhook("patch", "anything")).toBe(false);
    expect(await asWebhook("delete", shardName("payments-prod"))).toBe(false);
  });
});

async function mayDo(account: string, verb: string, name: string): Promise<boolean> {
  const review = await bench.must("admin", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    spec: {
      user: `system:serviceaccount:writ-system:${account}`,
      groups: ["system:serviceaccounts", "system:serviceaccounts:writ-system", "system:authenticated"],
      resourceAttributes: { namespace: "writ-system", verb, resource: "configmaps", name },
    },
  });
  return (review.json() as { readonly status: { readonly allowed: boolean } }).status.allowed;
}
