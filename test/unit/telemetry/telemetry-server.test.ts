import { describe, expect, onTestFinished, test } from "vitest";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { startTelemetryServer, type Readiness } from "../../../src/telemetry/telemetry-server.ts";

const start = async (ready: () => Readiness): Promise<string> => {
  const server = await startTelemetryServer({ host: "127.0.0.1", port: 0, metrics: createMetrics(), ready });
  onTestFinished(() => server.close());
  return server.url;
};
const get = async (url: string, method = "GET"): Promise<readonly [number, string]> => {
  const response = await fetch(url, { method });
  return [response.status, await response.text()];
};

describe("the telemetry server", () => {
  test("is alive although it is not ready, and says what is wanting", async () => {
    const url = await start(() => ({ ready: false, problems: ["cache of owners not synced", "ledger not open"] }));
    expect(await get(`${url}/healthz`)).toEqual([200, "ok\n"]);
    expect(await get(`${url}/readyz`)).toEqual([503, "cache of owners not synced\nledger not open\n"]);
  });

  test("asks again at each probe", async () => {
    let ready = true;
    const url = await start(() => ({ ready, problems: [] }));
    expect((await get(`${url}/readyz?verbose`))[0]).toBe(200);
    ready = false;
    expect((await get(`${url}/readyz`))[0]).toBe(503);
  });

  test("is not ready when readiness cannot be determined", async () => {
    const url = await start(() => {
      throw new Error("x");
    });
    expect(await get(`${url}/readyz`)).toEqual([503, "readiness could not be determined\n"]);
  });

  test("exports metrics as Prometheus text", async () => {
    const url = await start(() => ({ ready: true, problems: [] }));
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toContain("# TYPE writ_admission_reviews_total counter");
  });

  test("has nothing else and takes nothing", async () => {
    const url = await start(() => ({ ready: true, problems: [] }));
    expect((await get(`${url}/`))[0]).toBe(404);
    expect((await get(`${url}/metrics`, "POST"))[0]).toBe(405);
  });
});
