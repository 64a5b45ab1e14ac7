import { afterAll, beforeAll } from "vitest";
import { type Bench, startBench } from "./bench.ts";
import { testCapabilities } from "./guard/capabilities.ts";
import { testDecisions } from "./guard/decisions.ts";
import { testOwners } from "./guard/owners.ts";
import { testRequests } from "./guard/requests.ts";
import { testWithoutStamps } from "./guard/without-stamps.ts";
import { applyWorld } from "./objects.ts";

const given: { bench?: Bench } = {};
const bench = (): Bench => {
  if (!given.bench) throw new Error("no bench");
  return given.bench;
};

beforeAll(async () => {
  given.bench = await startBench();
  await applyWorld(bench());
});

afterAll(async () => {
  await given.bench?.cluster.stop();
});

testOwners(bench);
testCapabilities(bench);
testRequests(bench);
testDecisions(bench);
testWithoutStamps(bench);
