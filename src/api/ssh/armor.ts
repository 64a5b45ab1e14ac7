import { ok, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import { decodeBase64 } from "./wire.ts";

/** In characters; a signature with the longest RSA key that is accepted takes 3,100. */
const longestSignature = 8192;
const header = "-----BEGIN SSH SIGNATURE-----";
const footer = "-----END SSH SIGNATURE-----";
/** OpenSSH wraps here (sshbuf_dtob64). */
const columns = 70;

/**
 * The bytes in an armored signature, exactly as `ssh-keygen -Y sign` writes it (OpenSSH PROTOCOL.sshsig, section
 * "Armored format"). Only the last line feed may be missing, since YAML loses it easily.
 */
export function dearmor(text: string): Parsed<Buffer> {
  if (text.length > longestSignature) {
    return refuse(`the signature has ${text.length} characters: at most ${longestSignature} are read`);
  }
  if (text.includes("\r")) return refuse("the signature has carriage returns: its lines end with a line feed alone");
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  if (lines[0] !== header) return refuse(`the signature does not begin with the line ${header}`);
  if (lines.length < 2 || lines.at(-1) !== footer) return refuse(`the signature does not end with the line ${footer}`);
  const body = lines.slice(1, -1);
  const last = body.at(-1) ?? "";
  if (last.length === 0 || last.length > columns || body.slice(0, -1).some((line) => line.length !== columns)) {
    return refuse(`the signature's base64 is not wrapped at ${columns} characters, as ssh-keygen wraps it`);
  }
  const bytes = decodeBase64(body.join(""));
  return bytes ? ok(bytes) : refuse("the signature is not in canonical base64");
}
