import { afterAll, beforeAll, expect, test } from "vitest";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { type Bench, eventually, outcome, startBench } from "./bench.ts";
import { applyWorld, approval, approvals, approveBoth, configMap, configMaps, touch } from "./objects.ts";

const writers = 4;

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
  for (let i = 0; i < writers; i++) await bench.must("admin", "POST", configMaps(), configMap(`web-${i}`));
});

afterAll(() => bench.cluster.stop());

test("an approval that is written under without a pause ends at its instant", async () => {
  const duration = 8;
  await bench.must("carol", "POST", approvals(), approval("brief", { duration: `${duration}s` }));
  await approveBoth(bench, approvals("brief"));
  await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("web-0")))).toBe("admitted"));

  const admitted: number[] = [];
  const hammer = async (writer: number): Promise<void> => {
    for (let result = ""; result !== "ApprovalExpired";) {
      const began = Date.now();
      result = outcome(await touch(bench, "bot", configMaps(`web-${writer}`)));
      if (result === "admitted") admitted.push(began);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => hammer(writer)));

  // To the millisecond: the status says it in whole seconds.
  const { spec } = (await bench.must("admin", "GET", approvals("brief"))).json() as ElevationApproval;
  const approvedAt = Math.max(...(spec.decisions ?? []).map(({ at }) => Date.parse(at)));
  expect(admitted.length).toBeGreaterThan(writers);
  expect(Math.max(...admitted)).toBeLessThan(approvedAt + duration * 1000);
});
