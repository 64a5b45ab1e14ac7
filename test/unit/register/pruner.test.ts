import { describe, expect, test } from "vitest";
import type { KubeRequest } from "../../../src/kube/client.ts";
import { silentLog } from "../../../src/kube/telemetry.ts";
import { startRegisterPruner } from "../../../src/operator/register-pruner.ts";
import { manualClock } from "../kube/manual-clock.ts";
import type { ManualClock } from "../kube/manual-clock.ts";
import { answerOf, failure, fakeClient } from "./fake-client.ts";

interface Bench {
  readonly clock: ManualClock;
  /** Patches that were sent. */
  readonly patches: readonly KubeRequest[];
  /** What the register holds; undefined: there is none. */
  data: Readonly<Record<string, string>> | undefined;
  readonly stop: () => Promise<void>;
}

function bench(data: Readonly<Record<string, string>> | undefined): Bench {
  const clock = manualClock();
  const patches: KubeRequest[] = [];
  const state = { clock, patches, data };
  const client = fakeClient(async (request) => {
    if (state.data === undefined) throw failure(404, "NotFound");
    if (request.method !== "GET") patches.push(request);
    return answerOf({ metadata: { uid: "u" }, data: state.data });
  });
  const pruner = startRegisterPruner({ client, systemNamespace: "writ-system", clock, log: silentLog });
  return Object.assign(state, { stop: pruner.stop });
}

const minute = 60_000;

describe("the pruner of the register", () => {
  test("takes out what it has seen for ten minutes, and nothing else", async () => {
    const state = bench({ old: "1", rewritten: "1" });
    await state.clock.advance(minute);
    state.data = { old: "1", rewritten: "2", young: "1" };
    await state.clock.advance(8 * minute);
    expect(state.patches).toEqual([]);
    await state.clock.advance(minute);
    expect(state.patches.map(({ body }) => body)).toEqual([
      [
        { op: "test", path: "/metadata/uid", value: "u" },
        { op: "test", path: "/data/old", value: "1" },
        { op: "remove", path: "/data/old" },
      ],
    ]);
    expect(state.patches[0]).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/writ-system/configmaps/writ-register",
      contentType: "application/json-patch+json",
    });
    await state.stop();
  });

  test("goes on when there is no register, or it cannot be read", async () => {
    const state = bench(undefined);
    await state.clock.advance(5 * minute);
    state.data = { old: "1" };
    await state.clock.advance(12 * minute);
    expect(state.patches.length).toBeGreaterThan(0);
    await state.stop();
  });
});
