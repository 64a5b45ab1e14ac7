/** The guard policies as files that the API server reads: what only they hold, and how they are opened. */
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { freePort } from "../../control-plane/ports.ts";
import { secondGateFiles } from "../authorize/second-gate-files.ts";
import { guardTests } from "./shared-tests.ts";
import { type Stage, admission, guardDirectory, setStage, verdict } from "./stage.ts";

const policiesDir = mkdtempSync(join(tmpdir(), "writ-static-policies-"));
const secondGate = secondGateFiles();
const webhooksDir = mkdtempSync(join(tmpdir(), "writ-static-webhooks-"));
const source = join(guardDirectory, "static", "policies");
let stage: Stage;

const gate = `${admission}/validatingwebhookconfigurations/writ-gate?dryRun=All`;
// The API server is told of changes by the file system, and looks each minute besides.
const within = { timeout: 90_000, interval: 100 };
// Moved in, never written in place: the API server may look at an empty file, which is a valid one without policies.
const moveIn = (text: string, file: string): void => {
  const beside = join(secondGate.dir, "moving.yaml");
  writeFileSync(beside, text);
  renameSync(beside, file);
};
const install = (file: string): void => moveIn(readFileSync(join(source, file), "utf8"), join(policiesDir, file));
const deleteGate = async (): Promise<string> => verdict(await stage.call("admin", "DELETE", gate));
const until = (outcome: string): Promise<void> =>
  vi.waitFor(async () => expect(await deleteGate()).toBe(outcome), within);

beforeAll(async () => {
  secondGate.writeWithoutGate();
  stage = await setStage({
    remove: [policiesDir, webhooksDir, secondGate.dir],
    staticAdmission: { policiesDir, webhooksDir },
    apiserverFlags: [`--authorization-config=${secondGate.authorizationConfig}`],
  });
  expect(await deleteGate()).toBe("passed");
  for (const file of readdirSync(source)) install(file);
  await vi.waitFor(async () => {
    expect(await deleteGate()).toBe("writ-guard-configuration");
    const secret = await stage.call("admin", "DELETE", "/api/v1/namespaces/writ-system/secrets/key?dryRun=All");
    expect(verdict(secret)).toBe("writ-guard-system");
    const configMaps = "/api/v1/namespaces/default/configmaps?dryRun=All";
    const denied = await stage.call("glassAgent", "POST", configMaps, { metadata: { name: "x" } });
    expect(verdict(denied)).toBe("writ-guard-agents");
  }, within);
}, 180_000);

afterAll(async () => {
  await stage.cluster.stop();
});

describe("guard policies from files", () => {
  guardTests(() => stage);

  test("keep everybody off the guard policies in the API, which those cannot do themselves", async () => {
    const { cluster } = stage;
    const asBreakGlass = ["--as=erin@example.com", "--as-group=writ.dev:break-glass", "--as-group=system:masters"];
    expect((await cluster.kubectl(["apply", "-k", guardDirectory])).stderr).toContain("writ-guard-configuration");
    expect(await cluster.kubectl(["apply", "-k", guardDirectory, ...asBreakGlass])).toMatchObject({ code: 0 });
    const binding = `${admission}/validatingadmissionpolicybindings/writ-guard-configuration?dryRun=All`;
    for (const who of ["admin", "bot"] as const) {
      expect(verdict(await stage.call(who, "DELETE", binding))).toMatch(/^writ-guard-/);
    }
    expect(verdict(await stage.call("breakGlass", "DELETE", binding))).toBe("passed");
    expect(await cluster.kubectl(["delete", "-k", guardDirectory, ...asBreakGlass])).toMatchObject({ code: 0 });
  });

  test("cannot be seen, changed or imitated through the API", async () => {
    const policies = `${admission}/validatingadmissionpolicies`;
    const name = "writ-guard-configuration.static.k8s.io";
    expect((await stage.call("breakGlass", "GET", `${policies}/${name}`)).status).toBe(404);
    const rule = { apiGroups: ["x"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["x"] };
    const imitation = await stage.call("breakGlass", "POST", policies, {
      metadata: { name },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "true" }] },
    });
    expect(imitation.status).toBe(422);
  });
});

describe("the gate from a file", () => {
  const file = join(webhooksDir, "gate.yaml");
  const write = (who: "admin" | "bot"): Promise<ApiResponse> =>
    stage.call(who, "POST", "/api/v1/namespaces/default/configmaps?dryRun=All", { metadata: { name: "x" } });

  test("stands before agents alone, and no deletion through the API takes it away", async () => {
    expect(verdict(await write("bot"))).toBe("passed");
    const text = readFileSync(join(guardDirectory, "static", "webhooks", "gate.yaml"), "utf8");
    // Nobody listens there: what the webhook is asked about fails.
    moveIn(text.replace("writ.example.com:7443", `127.0.0.1:${await freePort()}`), file);
    await vi.waitFor(async () => expect((await write("bot")).text).toContain('webhook \\"gate.writ.dev\\"'), within);
    expect(verdict(await write("admin"))).toBe("passed");
    const name = "writ-gate.static.k8s.io";
    const configurations = `${admission}/validatingwebhookconfigurations`;
    expect((await stage.call("breakGlass", "DELETE", `${configurations}/${name}`)).status).toBe(404);
    expect((await write("bot")).status).toBe(500);
  });

  test("is opened by taking the file away", async () => {
    rmSync(file);
    await vi.waitFor(async () => expect(verdict(await write("bot"))).toBe("passed"), within);
  });
});

describe("the ways out, and in", () => {
  test("taking a file away opens its policy, and putting it back closes it", async () => {
    rmSync(join(policiesDir, "configuration.yaml"));
    await until("passed");
    install("configuration.yaml");
    await until("writ-guard-configuration");
  });

  test("a broken file opens nothing", async () => {
    const metrics = async (): Promise<string> => (await stage.call("admin", "GET", "/metrics")).text;
    const failures = /manifest_admission_config_controller_automatic_reloads_total\{[^}]*status="failure"\} [1-9]/;
    expect(await metrics()).not.toMatch(failures);
    moveIn("kind: [", join(policiesDir, "configuration.yaml"));
    await vi.waitFor(async () => expect(await metrics()).toMatch(failures), within);
    expect(await deleteGate()).toBe("writ-guard-configuration");
    install("configuration.yaml");
  });

  test("a file that is emptied in place opens its policy: files are moved in", async () => {
    writeFileSync(join(policiesDir, "configuration.yaml"), "");
    await until("passed");
    install("configuration.yaml");
    await until("writ-guard-configuration");
  });

  test("they outlive a restart of the API server", async () => {
    await stage.cluster.components.kubeApiserver.restart();
    expect(await deleteGate()).toBe("writ-guard-configuration");
  });

  test("an agent who may impersonate breaks the glass, and the second gate closes that", async () => {
    const { cluster } = stage;
    const asBreakGlass = ["--as=erin@example.com", "--as-group=writ.dev:break-glass", "--as-group=system:masters"];
    const label = ["label", "--overwrite", "validatingwebhookconfigurations", "writ-gate", "by=bot", ...asBreakGlass];
    expect(await cluster.kubectl(label, { context: "bot" })).toMatchObject({ code: 0 });
    // No Writ has to be there for it.
    secondGate.writeKubeconfig({ url: `https://127.0.0.1:${await freePort()}/authorize`, ...cluster.webhookClient });
    secondGate.writeWithGate();
    await cluster.components.kubeApiserver.restart();
    const { code, stderr } = await cluster.kubectl(label, { context: "bot" });
    expect([code, stderr]).toEqual([1, expect.stringContaining("impersonate")]);
    expect(await cluster.kubectl(label)).toMatchObject({ code: 0 });
  });
});
