import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The real ssh-keygen, in a directory of its own. */
export interface SshKeygen {
  /** The file of the private key of that name. */
  readonly path: (name: string) => string;
  /** Makes a key and gives the line of its `.pub` file. */
  readonly makeKey: (name: string, args: readonly string[]) => string;
  /** `ssh-keygen -Y sign` with the key of that name. */
  readonly sign: (name: string, namespace: string, message: string, args?: readonly string[]) => string;
  /** Whether `ssh-keygen -Y verify` accepts the signature, with `line` as the one allowed signer. */
  readonly accepts: (line: string, namespace: string, message: string, signature: string) => boolean;
  readonly fingerprint: (line: string) => string;
  /** The private key of that name. */
  readonly file: (name: string) => string;
  readonly remove: () => void;
}

export function sshKeygen(): SshKeygen {
  const directory = mkdtempSync(join(tmpdir(), "writ-ssh-"));
  const path = (name: string): string => join(directory, name);
  return {
    path,
    makeKey: (name, args) => {
      mustSucceed(directory, ["-q", "-N", "", "-C", `${name}@example.com`, "-f", path(name), ...args]);
      return readFileSync(path(`${name}.pub`), "utf8").trimEnd();
    },
    sign: (name, namespace, message, args = []) =>
      mustSucceed(directory, ["-Y", "sign", "-q", "-f", path(name), "-n", namespace, ...args], message),
    accepts: (line, namespace, message, signature) => {
      writeFileSync(path("allowed_signers"), `signer ${line}\n`);
      writeFileSync(path("signature"), signature);
      const files = ["-f", path("allowed_signers"), "-s", path("signature")];
      return run(directory, ["-Y", "verify", "-q", "-I", "signer", "-n", namespace, ...files], message).status === 0;
    },
    fingerprint: (line) => {
      writeFileSync(path("fingerprint.pub"), `${line}\n`);
      return mustSucceed(directory, ["-l", "-f", path("fingerprint.pub")]).split(" ")[1] ?? "";
    },
    file: path,
    remove: () => rmSync(directory, { recursive: true }),
  };
}

function mustSucceed(directory: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = run(directory, args, input);
  if (status !== 0) throw new Error(`ssh-keygen ${args.join(" ")} failed: ${stderr}`);
  return stdout;
}

function run(directory: string, args: readonly string[], input = "") {
  // ssh-keygen may end before it reads its input: a file, unlike a pipe, does not mind.
  const file = join(directory, "input");
  writeFileSync(file, input);
  const stdin = openSync(file, "r");
  try {
    const result = spawnSync("ssh-keygen", args, { stdio: [stdin, "pipe", "pipe"], encoding: "utf8" });
    if (!result.error) return result;
    throw new Error("These tests compare Writ with the real ssh-keygen: install it (package openssh-client)", {
      cause: result.error,
    });
  } finally {
    closeSync(stdin);
  }
}
