import { expect, test } from "vitest";
import { lanesOf } from "../../bench/apiserver/write-load.ts";

const writersOf = (agents: number) =>
  Array.from({ length: agents }, (_, agent) =>
    Array.from({ length: 32 }, (_, index) => ({ token: `agent-${agent}`, path: `/${agent}/${index}` })),
  );

for (const [agents, concurrency] of [
  [1, 1],
  [1, 32],
  [8, 1],
  [8, 8],
  [8, 32],
] as const) {
  test(`${agents} agents at concurrency ${concurrency}: so many lanes, all agents alike, no ConfigMap twice`, () => {
    const lanes = lanesOf(writersOf(agents), concurrency);
    expect(lanes).toHaveLength(concurrency);
    const writers = lanes.flat();
    expect(new Set(writers.map(({ path }) => path)).size).toBe(writers.length);
    const byAgent = Map.groupBy(writers, ({ token }) => token);
    expect(byAgent.size).toBe(agents);
    expect(new Set([...byAgent.values()].map(({ length }) => length)).size).toBe(1);
  });
}

test("more lanes than an agent has ConfigMaps are refused", () => {
  expect(() => lanesOf(writersOf(1), 33)).toThrow(/agent 0 has no writer 32/);
});
