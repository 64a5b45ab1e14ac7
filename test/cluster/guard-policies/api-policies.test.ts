/** The guard policies as API objects: what they hold, how they are opened, and what they cannot hold. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { guardTests } from "./shared-tests.ts";
import { type Stage, admission, guardDirectory, setStage, verdict } from "./stage.ts";

let stage: Stage;
const gate = `${admission}/validatingwebhookconfigurations/writ-gate?dryRun=All`;
const bindings = `${admission}/validatingadmissionpolicybindings`;
const within = { timeout: 20_000, interval: 100 };

const guarded = async (): Promise<void> =>
  vi.waitFor(async () => {
    expect(verdict(await stage.call("admin", "DELETE", gate))).toBe("writ-guard-configuration");
    const secret = await stage.call("admin", "DELETE", "/api/v1/namespaces/writ-system/secrets/key?dryRun=All");
    expect(verdict(secret)).toBe("writ-guard-system");
    const config = { metadata: { name: "x" } };
    const masked = await stage.call("glassAgent", "POST", "/api/v1/namespaces/default/configmaps?dryRun=All", config);
    expect(verdict(masked)).toBe("writ-guard-agents");
  }, within);

const apply = async (): Promise<void> => {
  const { code, stderr } = await stage.cluster.kubectl(["apply", "-k", guardDirectory]);
  expect([code, stderr]).toEqual([0, ""]);
  await guarded();
};

beforeAll(async () => {
  stage = await setStage({});
  await apply();
});

afterAll(async () => {
  await stage.cluster.stop();
});

describe("guard policies through the API", () => {
  guardTests(() => stage);

  test("have expressions without type warnings", async () => {
    const typeChecks = async (): Promise<readonly unknown[]> => {
      const list = (await stage.call("admin", "GET", `${admission}/validatingadmissionpolicies`)).json() as {
        readonly items: readonly { readonly status?: { readonly typeChecking?: object } }[];
      };
      return list.items.map(({ status }) => status?.typeChecking);
    };
    await vi.waitFor(async () => expect(await typeChecks()).toEqual([{}, {}, {}]), within);
  });
});

describe("the ways out, and in", () => {
  const asBreakGlass = ["--as=erin@example.com", "--as-group=writ.dev:break-glass", "--as-group=system:masters"];
  const label = ["label", "--overwrite", "validatingwebhookconfigurations", "writ-gate"];

  test("an administrator who may impersonate breaks the glass, and the audit log tells", async () => {
    const { cluster } = stage;
    expect((await cluster.kubectl([...label, "by=erin", ...asBreakGlass])).code).toBe(0);
    expect((await cluster.kubectl([...label, "by=nobody"])).stderr).toContain("writ-guard-configuration");
    const mask = '"impersonatedUser":{"username":"erin@example.com","groups":["writ.dev:break-glass"';
    expect(readFileSync(cluster.auditLog, "utf8")).toContain(mask);
  });

  test("whoever may delete a binding opens a policy, since API policies are never asked about policies", async () => {
    expect((await stage.call("admin", "DELETE", `${bindings}/writ-guard-configuration`)).status).toBe(200);
    await vi.waitFor(async () => expect(verdict(await stage.call("admin", "DELETE", gate))).toBe("passed"), within);
    await apply();
  });

  test("an agent with the rights deletes a binding as well: the static form or the second gate closes that", async () => {
    const response = await stage.call("bot", "DELETE", `${bindings}/writ-guard-configuration?dryRun=All`);
    expect(response.status).toBe(200);
  });

  test("an agent who may impersonate breaks the glass too: the second gate closes that", async () => {
    const { code } = await stage.cluster.kubectl([...label, "by=bot", ...asBreakGlass], { context: "bot" });
    expect(code).toBe(0);
  });
});
