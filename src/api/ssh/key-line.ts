import { ok, quote, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import { decodeBase64, takeStrings } from "./wire.ts";

export const sshKeyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
] as const;

export type SshKeyType = (typeof sshKeyTypes)[number];

export interface KeyLine {
  readonly type: SshKeyType;
  /** The key as RFC 4253 section 6.6 encodes it; it begins with the type. */
  readonly blob: Buffer;
}

/** In characters; the longest RSA key that is accepted takes 1,400. */
const longestLine = 2048;

/**
 * Reads a line as `ssh-keygen` writes it into a `.pub` file, less its line feed: `TYPE BASE64 [COMMENT]`, one space
 * between them. What the blob holds beyond its type is not looked at.
 */
export function parseKeyLine(line: string): Parsed<KeyLine> {
  const unfit = textProblem(line);
  if (unfit !== undefined) return refuse(unfit);
  const [word = "", base64 = ""] = line.split(" ");
  const type = sshKeyTypes.find((known) => known === word);
  if (type === undefined) return refuse(typeProblem(word, line));
  const blob = decodeBase64(base64);
  if (!blob || blob.length === 0) {
    return refuse(`what follows ${type} and one space is not the key in canonical base64`);
  }
  const taken = takeStrings("the key", blob, ["type"]);
  if (taken.kind === "problem") return taken;
  const said = taken.value.strings.type;
  return said.equals(Buffer.from(type))
    ? ok({ type, blob })
    : refuse(`the line says ${type}, but the key in it says ${quote(said)}`);
}

function textProblem(line: string): string | undefined {
  // Nothing of it is repeated: it would end up in logs.
  if (line.includes("PRIVATE KEY")) return "this is a private key: give the line of its .pub file, and make a new key";
  if (line.length > longestLine) return `the key line has ${line.length} characters: at most ${longestLine} are read`;
  if (/[\r\n\u2028\u2029]/.test(line)) return "a key is one line, and this text has several or ends with a line break";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(line)) return "the key line holds a control character";
  return undefined;
}

function typeProblem(word: string, line: string): string {
  if (word === "") return "the key line is empty or begins with a space: expected TYPE BASE64";
  if (isCertificate(word)) return `${quote(word)} is a certificate: give the plain public key that it certifies`;
  const later = line.split(" ").slice(1);
  if (later.some((word) => sshKeyTypes.some((type) => type === word) || isCertificate(word))) {
    return `the key line begins with options, ${quote(word)}: give TYPE BASE64 without them`;
  }
  return `${quote(word)} is no key type that is accepted: use one of ${sshKeyTypes.join(", ")}`;
}

function isCertificate(word: string): boolean {
  return word.includes("-cert-v0");
}
