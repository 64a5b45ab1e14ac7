import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadConnection } from "../../../src/kube/kube-config.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "writ-kubeconfig-"));
  return () => rm(directory, { recursive: true });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const file = join(directory, "config");
  await writeFile(
    file,
    stringify({
      "current-context": "first",
      contexts: [
        { name: "first", context: { cluster: "c", user: "u" } },
        { name: "second", context: { cluster: "c", user: "other" } },
        { name: "dangling", context: { cluster: "nowhere", user: "u" } },
      ],
      clusters: [{ name: "c", cluster: { server: "https://api.example.com:6443/", ...cluster } }],
      users: [
        { name: "u", user },
        { name: "other", user: { token: "other-token" } },
      ],
    }),
  );
  return file;
}

describe("a kubeconfig file", () => {
  test("gives server, CA and client certificate from embedded data", async () => {
    const file = await kubeconfig(
      { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") },
      { "certificate-authority-data": base64("CA"), "tls-server-name": "kubernetes" },
    );
    const connection = await loadConnection({ kubeconfig: file });
    expect(connection.server).toBe("https://api.example.com:6443");
    expect(await connection.credentials()).toEqual({
      tls: { ca: "CA", cert: "CERT", key: "KEY", servername: "kubernetes" },
      headers: {},
    });
  });

  test("names files relative to itself, which are read anew each time", async () => {
    const file = await kubeconfig({ tokenFile: "token", token: "stale" }, { "certificate-authority": "ca.crt" });
    await writeFile(join(directory, "ca.crt"), "CA one");
    await writeFile(join(directory, "token"), "one\n");
    const connection = await loadConnection({ kubeconfig: file });
    expect(await connection.credentials()).toEqual({ tls: { ca: "CA one" }, headers: { authorization: "Bearer one" } });
    await writeFile(join(directory, "ca.crt"), "CA two");
    await writeFile(join(directory, "token"), "two\n");
    expect(await connection.credentials()).toEqual({ tls: { ca: "CA two" }, headers: { authorization: "Bearer two" } });
    await writeFile(join(directory, "token"), "\n");
    await expect(connection.credentials()).rejects.toThrow("token is empty");
  });

  test("gives the context asked for", async () => {
    const connection = await loadConnection({ kubeconfig: await kubeconfig({ token: "t" }), context: "second" });
    expect((await connection.credentials()).headers).toEqual({ authorization: "Bearer other-token" });
  });

  test("asks an exec plugin for a token", async () => {
    const answer = JSON.stringify({ status: { token: "from-plugin" } });
    const file = await kubeconfig({ exec: { command: "printf", args: ["%s", answer] } });
    const connection = await loadConnection({ kubeconfig: file });
    expect((await connection.credentials()).headers).toEqual({ authorization: "Bearer from-plugin" });
  });

  test("impersonates a user as it says", async () => {
    const connection = await loadConnection({ kubeconfig: await kubeconfig({ token: "t", as: "alice" }) });
    expect((await connection.credentials()).headers).toEqual({
      authorization: "Bearer t",
      "impersonate-user": "alice",
    });
  });

  test.each([
    [{ "as-groups": ["g"] }, "as-groups is not supported"],
    [{ username: "u", password: "p" }, "username is not supported"],
    [{ "auth-provider": { name: "gcp" } }, "use an exec plugin"],
  ])("is refused when leaving something out would change who we are: %j", async (user, message) => {
    await expect(loadConnection({ kubeconfig: await kubeconfig(user) })).rejects.toThrow(message);
  });

  test.each([
    [{ server: "http://api.example.com" }, "expected https"],
    [{ "proxy-url": "http://proxy" }, "proxy-url is not supported"],
  ])("is refused for an unsafe or unsupported cluster: %j", async (cluster, message) => {
    await expect(loadConnection({ kubeconfig: await kubeconfig({ token: "t" }, cluster) })).rejects.toThrow(message);
  });

  test("may name a plain local server", async () => {
    const file = await kubeconfig({ token: "t" }, { server: "http://127.0.0.1:8001" });
    expect((await loadConnection({ kubeconfig: file })).server).toBe("http://127.0.0.1:8001");
  });

  test.each([
    ["missing", 'there is no context "missing"'],
    ["dangling", 'there is no cluster "nowhere"'],
  ])("without what context %s needs is refused by name", async (context, message) => {
    const file = await kubeconfig({ token: "t" });
    await expect(loadConnection({ kubeconfig: file, context })).rejects.toThrow(message);
    await expect(loadConnection({ kubeconfig: file, context })).rejects.toThrow(file);
  });

  test.each(["", "[]", "a: b: c"])("that holds %j is refused with its name", async (text) => {
    const file = join(directory, "config");
    await writeFile(file, text);
    await expect(loadConnection({ kubeconfig: file })).rejects.toThrow(file);
  });
});

describe("inside a pod", () => {
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };

  test("the service account's CA and token are read anew each time", async () => {
    await writeFile(join(directory, "ca.crt"), "CA");
    await writeFile(join(directory, "token"), "one");
    const connection = await loadConnection({ env, serviceAccountDirectory: directory });
    expect(connection.server).toBe("https://[fd00::1]:443");
    expect(await connection.credentials()).toEqual({ tls: { ca: "CA" }, headers: { authorization: "Bearer one" } });
    await writeFile(join(directory, "token"), "two");
    expect((await connection.credentials()).headers).toEqual({ authorization: "Bearer two" });
  });

  test("is not where we are without the environment of a pod", async () => {
    await expect(loadConnection({ env: {} })).rejects.toThrow("name a kubeconfig file");
  });
});

describe("several kubeconfig files, as KUBECONFIG lists them", () => {
  const write = async (name: string, content: object): Promise<string> => {
    const file = join(directory, name);
    await writeFile(file, stringify(content));
    return file;
  };

  test("are read as one: the first that says something wins, and files are relative to where they are named", async () => {
    const people = await write("people", {
      "current-context": "mine",
      contexts: [{ name: "mine", context: { cluster: "c", user: "u", namespace: "payments-prod" } }],
      users: [{ name: "u", user: { tokenFile: "token" } }],
    });
    const clusters = await write("clusters", {
      "current-context": "other",
      clusters: [{ name: "c", cluster: { server: "https://api.example.com", "tls-server-name": "kubernetes" } }],
      users: [{ name: "u", user: { token: "shadowed" } }],
    });
    await writeFile(join(directory, "token"), "one");
    const connection = await loadConnection({ kubeconfig: [join(directory, "absent"), people, clusters] });
    expect(connection).toMatchObject({ server: "https://api.example.com", namespace: "payments-prod" });
    expect((await connection.credentials()).headers).toEqual({ authorization: "Bearer one" });
  });

  test("are refused when none of them exists", async () => {
    await expect(loadConnection({ kubeconfig: [join(directory, "absent")] })).rejects.toThrow("no such file");
  });

  test("are refused when they name no current context", async () => {
    const file = await write("empty", {});
    await expect(loadConnection({ kubeconfig: [file] })).rejects.toThrow("name a context");
  });
});
