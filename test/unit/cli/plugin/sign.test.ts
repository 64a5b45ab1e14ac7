import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { AgentCapability, ElevationApproval } from "../../../../src/api/types.gen.ts";
import { clusterId, signingRoom, startAgent } from "./signing-room.ts";
import type { Agent, SigningRoom } from "./signing-room.ts";

const keyTypes = [
  ["ed25519", ["-t", "ed25519"]],
  ["p256", ["-t", "ecdsa", "-b", "256"]],
  ["p384", ["-t", "ecdsa", "-b", "384"]],
  ["p521", ["-t", "ecdsa", "-b", "521"]],
  ["rsa", ["-t", "rsa", "-b", "2048"]],
] as const;

let room: SigningRoom;
const lines = new Map<string, string>();
let original: string;

beforeAll(async () => {
  room = signingRoom();
  for (const [name, args] of keyTypes) lines.set(name, await room.makeKey(name, ...args));
  await room.makeKey("stranger", "-t", "ed25519");
  room.writeOwners([
    ...keyTypes.map(([name]) => ({
      user: `${name}@example.com`,
      aliases: [`oidc:${name}`],
      sshKeys: [lines.get(name) ?? ""],
    })),
    { group: "payments-leads" },
  ]);
  original = room.read("approval.yaml");
}, 60_000);
afterAll(() => room.remove());
beforeEach(() => room.write("approval.yaml", original));

const offline = ["--cluster-id", clusterId, "--capability", "capability.yaml", "--owners", "owners.yaml"];
const sign = (...words: readonly string[]) =>
  room.writ(["sign", "-f", "approval.yaml", "--owner", "payments", ...offline, ...words]);
const verify = (file = "approval.yaml", ...words: readonly string[]) =>
  room.writ(["verify-decision", "-f", file, "--owners", "owners.yaml", "--cluster-id", clusterId, ...words]);
const verifyApproval = (...words: readonly string[]) =>
  verify("approval.yaml", "--capability", "capability.yaml", ...words);
const approvalIn = (text: string): ElevationApproval => parse(text) as ElevationApproval;

/** A refusal is one line after the program's name, and nothing is written. */
async function refusal(running: ReturnType<typeof sign>, code = 1): Promise<string> {
  const result = await running;
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
  const last = result.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => line.startsWith("kubectl-writ: "));
  expect(last, result.stderr).toHaveLength(1);
  expect(room.read("approval.yaml")).toBe(original);
  return last[0]?.slice("kubectl-writ: ".length) ?? "";
}

describe("sign and verify-decision without a cluster", () => {
  test.each(keyTypes)("agree with a key of type %s", async (name) => {
    const words = ["sign", "-f", "approval.yaml", "--owner", "payments", ...offline, "--key", name];
    const signed = await room.process([...words, "--reason", "on call: agrees"]);
    expect(signed, signed.stderr).toMatchObject({ code: 0, stdout: "" });
    expect(signed.stderr).toContain(`signed as ${name}@example.com for owner "payments" with SHA256:`);
    const verified = await verifyApproval();
    expect(verified.stdout).toMatch(
      new RegExp(`^valid    Approve by ${name}@example.com for owner "payments": key SHA256:.*, until 20.*\n$`),
    );
    expect(verified.code).toBe(0);
  });

  test("add decisions, a requestID and nothing else", async () => {
    expect((await sign("--key", "ed25519")).code).toBe(0);
    expect((await sign("--key", "p256", "--verdict", "Reject", "--not-after", "1h")).code).toBe(0);
    const text = room.read("approval.yaml");
    expect(text.startsWith(original)).toBe(true);
    const { spec } = approvalIn(text);
    expect(spec.requestID).toMatch(/^[0-9a-f]{32}$/);
    expect(spec.decisions).toMatchObject([
      { verdict: "Approve", by: "ed25519@example.com", ownerName: "payments" },
      { verdict: "Reject", by: "p256@example.com", ownerName: "payments" },
    ]);
    const lives = spec.decisions?.map(({ at, notAfter = "" }) => Date.parse(notAfter) - Date.parse(at));
    expect(lives).toEqual([72 * 3_600_000, 3_600_000]);
    expect((await verifyApproval()).code).toBe(0);
  });

  test("signing again for the same owner and verdict takes the place of the earlier signature", async () => {
    await sign("--key", "ed25519");
    await sign("--key", "p256");
    const again = await sign("--key", "ed25519", "--reason", "second thoughts");
    expect(again.stderr).toContain("takes the place of the one that was there");
    const { decisions } = approvalIn(room.read("approval.yaml")).spec;
    expect(decisions?.map(({ by, reason }) => [by, reason])).toEqual([
      ["ed25519@example.com", "second thoughts"],
      ["p256@example.com", undefined],
    ]);
    expect((await verifyApproval()).code).toBe(0);
  });

  test("a capability is signed by a member of its policy owner, for 90 days", async () => {
    const before = room.read("capability.yaml");
    const words = [
      "sign",
      "-f",
      "capability.yaml",
      "--key",
      "ed25519",
      "--owners",
      "owners.yaml",
      "--cluster-id",
      clusterId,
    ];
    expect((await room.writ([...words, "--output", "signed.yaml"])).code).toBe(0);
    expect(room.read("capability.yaml")).toBe(before);
    expect(room.read("signed.yaml").startsWith(before)).toBe(true);
    const { definedBy } = (parse(room.read("signed.yaml")) as AgentCapability).spec;
    expect(Date.parse(definedBy?.notAfter ?? "") - Date.parse(definedBy?.at ?? "")).toBe(90 * 24 * 3_600_000);
    const verified = await verify("signed.yaml");
    expect(verified.stdout).toContain('valid    Define by ed25519@example.com for owner "platform"');
    room.write("edited.yaml", room.read("signed.yaml").replace("maxDuration: 1h", "maxDuration: 2h"));
    expect(await verify("edited.yaml")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("the policy is not the one that was signed for") as string,
    });
    expect(await refusal(room.writ([...words, "--owner", "payments"]))).toContain(
      'the policy owner of AgentCapability "payments-scaler" is "platform", not "payments"',
    );
  });

  test("JSON stays JSON, and - is the standard output", async () => {
    room.write("approval.json", `${JSON.stringify(approvalIn(original), undefined, 2)}\n`);
    const signed = await room.writ([
      "sign",
      "-f",
      "approval.json",
      "--owner",
      "payments",
      "--key",
      "rsa",
      "--output",
      "-",
      ...offline,
    ]);
    expect(signed.code).toBe(0);
    room.write("signed.json", signed.stdout);
    expect(JSON.parse(signed.stdout)).toMatchObject({ spec: { decisions: [{ by: "rsa@example.com" }] } });
    expect((await verify("signed.json", "--capability", "capability.yaml")).code).toBe(0);
  });

  test("- is the standard input, and then the output as well", async () => {
    const words = ["sign", "-f", "-", "--owner", "payments", "--key", "ed25519", ...offline];
    const signed = await room.process(words, {}, original);
    expect(signed, signed.stderr).toMatchObject({ code: 0 });
    room.write("piped.yaml", signed.stdout);
    expect(signed.stdout.startsWith(original)).toBe(true);
    expect((await verify("piped.yaml", "--capability", "capability.yaml")).code).toBe(0);
  });

  test("a file keeps its mode, a symbolic link stays one, and nothing is left beside it", async () => {
    mkdirSync(room.path("dir"));
    writeFileSync(room.path("dir/real.yaml"), original);
    chmodSync(room.path("dir/real.yaml"), 0o640);
    symlinkSync("dir/real.yaml", room.path("link.yaml"));
    expect(
      (await room.writ(["sign", "-f", "link.yaml", "--owner", "payments", "--key", "ed25519", ...offline])).code,
    ).toBe(0);
    expect(lstatSync(room.path("link.yaml")).isSymbolicLink()).toBe(true);
    expect(statSync(room.path("dir/real.yaml")).mode & 0o777).toBe(0o640);
    expect(readdirSync(room.path("dir"))).toEqual(["real.yaml"]);
    expect(room.read("dir/real.yaml")).toContain("BEGIN SSH SIGNATURE");
  });

  test("--by does without owners, and says what is not checked", async () => {
    const words = [
      "sign",
      "-f",
      "approval.yaml",
      "--owner",
      "payments",
      "--cluster-id",
      clusterId,
      "--capability",
      "capability.yaml",
    ];
    const signed = await room.writ([...words, "--by", "ed25519@example.com", "--key", "ed25519"]);
    expect(signed.stderr).toContain('not checked: whether owner "payments" lists this key for ed25519@example.com');
    expect((await verifyApproval()).code).toBe(0);
  });

  test("an alias may sign", async () => {
    expect((await sign("--key", "ed25519", "--by", "oidc:ed25519")).code).toBe(0);
    expect((await verifyApproval()).stdout).toContain("valid    Approve by oidc:ed25519");
  });
});

describe("with the ssh-agent", () => {
  let agent: Agent;
  beforeAll(async () => {
    await room.makeKey("held", "-t", "ed25519");
    agent = await startAgent(room, ["stranger", "p384", "held"]);
  }, 60_000);
  afterAll(() => agent.stop());
  const withAgent = (...words: readonly string[]) =>
    room.process(["sign", "-f", "approval.yaml", "--owner", "payments", ...offline, ...words], agent.env);

  test("the key that the owner lists is taken", async () => {
    const signed = await withAgent("--key", "agent");
    expect(signed.stderr).toContain("signed as p384@example.com");
    expect((await verifyApproval()).code).toBe(0);
  });

  test("a public key's file names one of its keys", async () => {
    room.write("only.pub", room.read("p384.pub"));
    expect((await withAgent("--key", "only.pub")).stderr).toContain("signed as p384@example.com");
  });

  test("a key that the owner does not list is refused", async () => {
    expect(await refusal(withAgent("--key", "agent", "--by", "rsa@example.com"))).toContain(
      'IdentityOwner "payments" lists none of the ssh-agent\'s keys for rsa@example.com',
    );
  });

  test("without an agent it says so", async () => {
    const words = ["sign", "-f", "approval.yaml", "--owner", "payments", ...offline, "--key", "agent"];
    expect(await refusal(room.process(words))).toBe("there is no ssh-agent to ask: start one, or give --key FILE");
  });
});

describe("sign refuses in one line and writes nothing", () => {
  test.each([
    ["a key that nobody has", ["--key", "stranger"], 'IdentityOwner "payments" lists nobody with the key SHA256:'],
    [
      "a key of somebody else",
      ["--key", "p256", "--by", "ed25519@example.com"],
      "the signature would not count: the key that signed, SHA256:",
    ],
    ["somebody who is no member", ["--key", "p256", "--by", "mallory@example.com"], "mallory@example.com is no member"],
    ["a key file that is not there", ["--key", "absent"], "the key absent cannot be read"],
    ["a file that is no key", ["--key", "owners.yaml"], "owners.yaml: "],
    ["a time that has passed", ["--key", "ed25519", "--not-after", "2020-01-01T00:00:00Z"], "has passed already"],
    ["more than 30 days", ["--key", "ed25519", "--not-after", "721h"], "more than 720h ahead"],
    [
      "an owner that is not in the file",
      ["--key", "ed25519", "--owner", "nobody"],
      'owners.yaml: holds no IdentityOwner "nobody"',
    ],
    [
      "a file of capabilities that is none",
      ["--key", "ed25519", "--capability", "owners.yaml"],
      "owners.yaml: holds 2 documents",
    ],
    [
      "an output that cannot be written",
      ["--key", "ed25519", "--output", "no/such/file"],
      "no/such/file: cannot be written",
    ],
  ])("%s", async (_what, words, message) => {
    expect(await refusal(sign(...words))).toContain(message);
  });

  test("a missing uid of the agent, with the command that finds it", async () => {
    const words = ["sign", "-f", "without-uid.yaml", "--owner", "payments", "--key", "ed25519", ...offline];
    expect(await refusal(room.writ(words))).toContain(
      "kubectl -n agents get serviceaccount payments-bot -o jsonpath='{.metadata.uid}'",
    );
  });

  test("what could never count under the policy", async () => {
    room.write("long.yaml", original.replace("duration: 30m", "duration: 5h"));
    const words = ["sign", "-f", "long.yaml", "--owner", "payments", "--key", "ed25519", ...offline];
    expect(await refusal(room.writ(words))).toContain(
      "long.yaml: it could never count: spec.duration 5h is longer than the 1h",
    );
  });

  test("a decision that the person has made already without a signature", async () => {
    const stamped =
      "  decisions: [{verdict: Approve, by: ed25519@example.com, ownerName: payments, attestation: v1.a.b.c}]\n";
    room.write("stamped.yaml", original + stamped);
    const words = ["sign", "-f", "stamped.yaml", "--owner", "payments", "--key", "ed25519", ...offline];
    expect(await refusal(room.writ(words))).toContain("has decided so already");
    expect(room.read("stamped.yaml")).toBe(original + stamped);
  });

  test("a cluster that cannot be asked, with the option that does without", async () => {
    const words = ["sign", "-f", "approval.yaml", "--owner", "payments", "--key", "ed25519"];
    expect(await refusal(room.process(words))).toMatch(/^kubeconfig .*: no such file; or give --capability FILE$/);
  });

  test("a passphrase that nobody is there to type", async () => {
    await room.makeKey("locked", "-t", "ed25519", "-N", "secret");
    expect(
      await refusal(
        room.process([
          "sign",
          "-f",
          "approval.yaml",
          "--owner",
          "payments",
          ...offline,
          "--key",
          "locked",
          "--by",
          "ed25519@example.com",
        ]),
      ),
    ).toMatch(/^ssh-keygen could not sign: .*passphrase/);
  });

  test("an ssh-keygen that is missing, too old, or fails", async () => {
    const words = ["sign", "-f", "approval.yaml", "--owner", "payments", "--key", "ed25519", ...offline];
    const withKeygen = (name: string, script: string): Readonly<Record<string, string>> => {
      mkdirSync(room.path(name));
      if (script !== "") writeFileSync(join(room.path(name), "ssh-keygen"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return { PATH: script === "" ? room.path(name) : `${room.path(name)}:/usr/bin:/bin` };
    };
    expect(await refusal(room.process(words, withKeygen("none", "")))).toContain(
      "ssh-keygen cannot be started: it is not installed",
    );
    const old = withKeygen("old", 'echo "unknown option -- Y" >&2; exit 1');
    expect(await refusal(room.process(words, old))).toContain("too old: signing needs OpenSSH 8.1");
    const broken = withKeygen("broken", 'echo "device not found" >&2; exit 255');
    expect(await refusal(room.process(words, broken))).toBe("ssh-keygen could not sign: device not found");
    const lying = withKeygen("lying", 'for last; do :; done; echo nonsense > "$last.sig"');
    expect(await refusal(room.process(words, lying))).toContain("the signature would not count: ");
  });

  test("a file that is edited while ssh-keygen asks for a passphrase", async () => {
    room.write("edited.yaml", original);
    mkdirSync(room.path("slow"));
    const script = `#!/bin/sh\necho "# more" >> ${room.path("edited.yaml")}\nexec ssh-keygen "$@"\n`;
    writeFileSync(
      room.path("slow/ssh-keygen"),
      script.replace("exec ssh-keygen", "PATH=/usr/bin:/bin exec ssh-keygen"),
      { mode: 0o755 },
    );
    const words = ["sign", "-f", "edited.yaml", "--owner", "payments", "--key", "ed25519", ...offline];
    const env = { PATH: `${room.path("slow")}:/usr/bin:/bin` };
    expect(await refusal(room.process(words, env))).toBe(
      "edited.yaml: changed while it was being signed: nothing is written",
    );
    expect(room.read("edited.yaml")).toBe(`${original}# more\n`);
  });

  test.each([
    [["sign", "--key", "x"], "sign needs -f FILE"],
    [["sign", "-f", "approval.yaml"], "sign needs --key FILE or --key agent"],
    [
      ["sign", "-f", "approval.yaml", "--key", "ed25519", ...offline],
      "sign needs --owner OWNER for an ElevationApproval",
    ],
    [
      ["sign", "-f", "approval.yaml", "--key", "x", "--verdict", "Maybe"],
      'unknown verdict "Maybe"; known are Approve and Reject',
    ],
    [
      ["sign", "-f", "approval.yaml", "--key", "x", "--not-after", "soon"],
      '--not-after "soon" is neither an RFC 3339 time nor a duration',
    ],
    [["verify-decision", "-f", "x", "--owners", "y", "--at", "noon"], '--at "noon" is no RFC 3339 time'],
    [["approve"], "approve needs the name of an ElevationApproval"],
    [["approve", "a", "b"], 'approve takes one name, not also "b"'],
    [["reject", "a", "--yes"], "reject never asks, so it has no --yes"],
    [["approve", "a", "--request-timeout", "0"], '--request-timeout "0" is no duration such as 5s'],
    [["approve", "a", "--nonsense"], "Unknown option '--nonsense'"],
    [["frobnicate"], 'unknown verb "frobnicate"; known are approve, reject, sign and verify-decision'],
    [[], "a verb is missing"],
  ])("%j is a mistake of usage", async (words, message) => {
    expect(await refusal(room.writ(words), 2)).toContain(message);
  });
});

describe("verify-decision", () => {
  let signed: string;
  beforeAll(async () => {
    room.write("approval.yaml", original);
    await sign("--key", "ed25519", "--reason", "fine");
    signed = room.read("approval.yaml");
  }, 60_000);
  const verdictOn = async (text: string, ...words: readonly string[]): Promise<string> => {
    room.write("checked.yaml", text);
    const { code, stdout, stderr } = await verify("checked.yaml", "--capability", "capability.yaml", ...words);
    expect(code, stdout + stderr).toBe(1);
    return stdout + stderr;
  };

  test.each([
    ["name", "name: inc-1234", "name: inc-1235"],
    ["namespace", "namespace: payments-prod", "namespace: payments-dev"],
    ["rules", "rules: [scale]", "rules: [scale, other]"],
    ["targets", "names: [web]", "names: [web, db]"],
    ["duration", "duration: 30m", "duration: 31m"],
    ["reason of the decision", "      reason: fine", "      reason: finer"],
    ["verdict", "verdict: Approve", "verdict: Reject"],
    ["requestID", /requestID: "?[0-9a-f]{4}/, 'requestID: "0000'],
    ["notAfter", /notAfter: "20\d\d-(\d\d)-(\d\d)T/, 'notAfter: "2026-$1-$2T01'],
  ] as const)("finds a change of the %s", async (_field, from, to) => {
    const changed = signed.replace(from, to);
    expect(changed).not.toBe(signed);
    expect(await verdictOn(changed)).toMatch(/did not sign this|is longer|does not match|f:|checked.yaml:/);
  });

  test("tells by time, cluster, owner and policy why a signature does not count", async () => {
    expect(await verdictOn(signed, "--at", "2100-01-01T00:00:00Z")).toContain("the signature ended at");
    expect(await verdictOn(signed, "--at", "2020-01-01T00:00:00Z")).toContain("which is yet to come");
    room.write("checked.yaml", signed);
    const elsewhere = await room.writ([
      "verify-decision",
      "-f",
      "checked.yaml",
      "--owners",
      "owners.yaml",
      "--cluster-id",
      "other",
      "--capability",
      "capability.yaml",
    ]);
    expect(elsewhere).toMatchObject({ code: 1, stdout: expect.stringContaining("did not sign this") as string });
    const owners = room.read("owners.yaml");
    room.write(
      "owners.yaml",
      owners.replaceAll("user: ed25519@example.com", "user: gone@example.com").replaceAll("oidc:ed25519", "oidc:gone"),
    );
    expect(await verdictOn(signed)).toContain("ed25519@example.com is no member");
    room.write("owners.yaml", owners);
    const policy = room.read("capability.yaml");
    room.write("capability.yaml", policy.replace("maxDuration: 1h", "maxDuration: 2h"));
    expect(await verdictOn(signed)).toContain("the policy is not the one that was signed for");
    room.write("capability.yaml", policy);
  });

  test("requestedBy is nobody's signature: who applies the file is not known when it is signed", async () => {
    room.write("checked.yaml", signed.replace("spec:\n", "spec:\n  requestedBy: pipeline\n"));
    expect((await verify("checked.yaml", "--capability", "capability.yaml")).code).toBe(0);
    expect(await verdictOn(signed.replace("spec:\n", "spec:\n  requestedBy: oidc:ed25519\n"))).toContain(
      "requested it, or it is done on their behalf",
    );
  });

  test("counts nothing that is not signed, and is not content with nothing", async () => {
    expect(await verdictOn(original)).toContain("holds no decision");
    const unsigned = "    - { verdict: Approve, by: p256@example.com, ownerName: payments }\n";
    expect(await verdictOn(signed + unsigned)).toContain(
      'invalid  Approve by p256@example.com for owner "payments": it is not signed',
    );
    const machine = "    - { verdict: Approve, by: 'system:admin', ownerName: payments, signature: x }\n";
    expect(await verdictOn(signed + machine)).toContain("system:admin is no person, and people decide");
    const attested = unsigned.replace(" }", ", attestation: v1.a.b.c }");
    expect(await verdictOn(signed + attested)).toContain("only the cluster can check");
  });

  test("no name of a file reaches the terminal with a control character", async () => {
    const hostile = signed.replace("by: ed25519@example.com", 'by: "x\\u202Ey"');
    expect(await verdictOn(hostile)).toContain("Approve by x?y for owner");
  });
});

test.each(["approve", "reject", "sign", "verify-decision"])(
  "%s --help explains it with examples and exits 0",
  async (verb) => {
    const { code, stdout } = await room.writ([verb, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`kubectl writ ${verb} `);
    expect(stdout).toContain("Examples:");
  },
);
