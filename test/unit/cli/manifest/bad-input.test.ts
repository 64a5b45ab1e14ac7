import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { ManifestError } from "../../../../src/cli/manifest/manifest-error.ts";
import { readOwners, readSignable, signableIn } from "../../../../src/cli/manifest/read-manifest.ts";

const samples = fileURLToPath(new URL("../../../../manifests/samples/", import.meta.url));
const approval = readFileSync(join(samples, "approval.yaml"), "utf8");
const capability = readFileSync(join(samples, "capability.yaml"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "writ-manifest-"));
afterAll(() => rmSync(directory, { recursive: true }));

const edited = (from: string, to: string): string => {
  expect(approval).toContain(from);
  return approval.replace(from, to);
};

describe("a file is refused in one line that names the place", () => {
  test.each([
    ["an anchor", edited("reason: Black", "reason: &r Black"), "f:17: the anchor &r: write the value out"],
    ["an alias", edited("  reason: Black Friday traffic", "  reason: &r x\n  ticket2: *r"), "f:17: the anchor &r"],
    ["a tag", edited("reason: Black", "reason: !!str Black"), "f:17: the tag tag:yaml.org,2002:str: leave it out"],
    ["an unknown tag", edited("reason: Black", "reason: !x Black"), "f:17: Unresolved tag: !x"],
    ["a duplicate key", `${approval}  duration: 1h\n`, "f:21: Map keys must be unique"],
    [
      "a duplicate key deep inside",
      edited("names: [web]", "names: [web], names: [db]"),
      "f:16: Map keys must be unique",
    ],
    ["several documents", `${approval}---\n${capability}`, "f: holds 2 documents: give each object a file of its own"],
    ["no document", "# nothing\n", "f: holds no object"],
    ["a tab", edited("    serviceAccount", "\tserviceAccount"), "a tab: indent with spaces"],
    ["a byte order mark", `\uFEFF${approval}`, "f:1: a byte order mark: take it out"],
    ["broken YAML", edited("rules: [scale]", "rules: [scale"), "f:1"],
    ["nesting without end", "[".repeat(20_000), "f: nested too deeply"],
    [
      "YAML 1.1's yes",
      edited("ticket: INC-1234", "ticket: yes"),
      'f:18: "yes" is something else to YAML 1.1, which kubectl reads: quote it',
    ],
    ["YAML 1.1's octal", edited("ticket: INC-1234", "ticket: 0777"), '"0777" is something else'],
    ["a merge", edited("  ticket: INC-1234", "  <<: {ticket: x}"), '"<<" is something else'],
    [
      "another kind",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
      "f: expected one ElevationApproval or AgentCapability, found ConfigMap",
    ],
    ["a list of objects", "apiVersion: v1\nkind: List\nitems: []\n", "found List"],
    ["another version", edited("v1alpha1", "v1"), "f:5: apiVersion expected writ.dev/v1alpha1"],
    ["no name", edited("  name: inc-1234\n", ""), "metadata.name is missing"],
    ["no namespace", edited("  namespace: payments-prod\n", ""), "metadata.namespace is missing"],
    [
      "generateName",
      edited("  name: inc-1234", "  generateName: inc-"),
      "metadata.generateName is no name: what is signed names the object",
    ],
    [
      "an unknown field",
      edited("duration: 30m", "duration: 30m\n  uses: 5"),
      "f:20: spec.uses is no field that is known",
    ],
    ["an empty field", edited("ticket: INC-1234", "ticket:"), "f:18: spec.ticket is empty: leave it out"],
    ["a value of another type", edited("duration: 30m", "duration: 30"), "f:19: spec.duration expected a string"],
    [
      "a value that the schema refuses",
      edited("duration: 30m", "duration: half an hour"),
      "f:19: spec.duration does not match",
    ],
    ["a missing field", edited("  duration: 30m\n", ""), "spec.duration is missing"],
    ["a text for a list", edited("rules: [scale]", "rules: scale"), "f:12: spec.rules expected an array"],
  ])("%s", (_what, text, message) => {
    expect(() => signableIn("f", text)).toThrow(ManifestError);
    try {
      signableIn("f", text);
    } catch (error) {
      expect((error as Error).message).toContain(message);
      expect((error as Error).message).not.toContain("\n");
    }
  });

  test.each([
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff]), "not valid UTF-8"],
    ["more than 1 MiB", Buffer.alloc(1024 * 1024 + 1, "#"), "larger than 1 MiB"],
  ])("%s", async (_what, bytes, message) => {
    const file = join(directory, "file.yaml");
    writeFileSync(file, bytes);
    await expect(readSignable(file)).rejects.toThrow(`${file}: ${message}`);
  });

  test("a file that is not there", async () => {
    await expect(readSignable(join(directory, "absent"))).rejects.toThrow("cannot be read: ENOENT");
  });
});

test("the samples are accepted as they are, timestamps without quotes too", async () => {
  expect(signableIn("f", approval).kind).toBe("ElevationApproval");
  expect(signableIn("f", capability).kind).toBe("AgentCapability");
  expect(
    signableIn("f", edited("duration: 30m", "duration: 30m\n  notBefore: 2026-11-24T12:00:00Z")).spec,
  ).toMatchObject({
    notBefore: "2026-11-24T12:00:00Z",
  });
  expect((await readOwners(join(samples, "owners.yaml"))).map(({ metadata }) => metadata.name)).toEqual([
    "platform",
    "payments",
  ]);
});

test("owners are read from a list as well, and never twice", async () => {
  const owner = {
    apiVersion: "writ.dev/v1alpha1",
    kind: "IdentityOwner",
    metadata: { name: "a" },
    spec: { members: [{ user: "x" }] },
  };
  const file = join(directory, "owners.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [owner] }));
  expect(await readOwners(file)).toMatchObject([{ metadata: { name: "a" } }]);
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [owner, owner] }));
  await expect(readOwners(file)).rejects.toThrow('holds IdentityOwner "a" twice');
  writeFileSync(
    file,
    JSON.stringify({ apiVersion: "v1", kind: "List", items: [{ ...owner, spec: { members: [{ user: 1 }] } }] }),
  );
  await expect(readOwners(file)).rejects.toThrow("items[0].spec.members[0].user expected a string");
  writeFileSync(file, "kind: Other\n");
  await expect(readOwners(file)).rejects.toThrow("holds no IdentityOwner");
});
