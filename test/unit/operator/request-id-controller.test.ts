import { expect, onTestFinished, test } from "vitest";
import { formatReservation, shardNames } from "../../../src/api/request-ids.ts";
import type { KubeClient, KubeRequest } from "../../../src/kube/client.ts";
import { KubeError } from "../../../src/kube/kube-error.ts";
import { startRequestIdController } from "../../../src/operator/request-id-controller.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";
import { approval } from "../../builders/approval.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const [first = ""] = shardNames();

/** What the controller writes when its first shard holds these entries and the approval inc-1234 exists. */
async function written(data: Readonly<Record<string, string>>): Promise<KubeRequest> {
  const { promise, resolve } = Promise.withResolvers<KubeRequest>();
  const client: Pick<KubeClient, "get" | "request"> = {
    get: async (path) => {
      if (!path.endsWith(`/${first}`)) throw new KubeError({ status: 404, reason: "NotFound", message: "test" });
      return { status: 200, body: { metadata: { resourceVersion: "7" }, data }, serverDate: undefined };
    },
    request: async (request) => {
      resolve(request);
      return { status: 200, body: {}, serverDate: undefined };
    },
  };
  const existing = approval("inc-1234");
  const controller = startRequestIdController({
    client: client as KubeClient,
    systemNamespace: "writ-system",
    approvals: { get: (key) => (key === "payments-prod/inc-1234" ? existing : undefined) },
    clock: () => now,
    log: createLogger({ level: "silent", name: "test" }),
  });
  onTestFinished(() => controller.stop());
  return promise;
}

test("reservations that are over go, and those of approvals that exist are renewed, by compare-and-swap", async () => {
  const uid = approval("inc-1234").metadata.uid ?? "";
  const over = { name: "inc-1234", until: now - 1 };
  const request = await written({
    "payments-prod.of-what-is-gone": formatReservation({ ...over, uid: "another", name: "gone" }),
    "payments-prod.of-an-earlier-one": formatReservation({ ...over, uid: "another" }),
    "payments-prod.of-what-exists": formatReservation({ ...over, uid }),
    "payments-prod.not-over": formatReservation({ ...over, uid: "another", until: now + 1 }),
  });
  expect(request).toMatchObject({
    method: "PATCH",
    path: `/api/v1/namespaces/writ-system/configmaps/${first}`,
    body: { metadata: { resourceVersion: "7" } },
  });
  expect((request.body as { readonly data: object }).data).toEqual({
    "payments-prod.of-what-is-gone": null,
    "payments-prod.of-an-earlier-one": null,
    "payments-prod.of-what-exists": expect.stringContaining(uid),
  });
});
