import { verifySshSignature } from "../../api/ssh/verify-signature.ts";
import { signatureNamespace, signedMessage } from "../../api/signed-statement.ts";
import type { SignedStatement } from "../../api/signed-statement.ts";
import { formatDuration } from "../../api/duration.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type { IdentityOwner } from "../../api/types.gen.ts";
import { verifySigned } from "../../api/verify-signed.ts";
import { editDocument } from "../manifest/edit-document.ts";
import { ManifestError } from "../manifest/manifest-error.ts";
import { readText } from "../manifest/read-documents.ts";
import { readSignable, signableIn } from "../manifest/read-manifest.ts";
import { writeFileAtomically } from "../manifest/write-file.ts";
import { UsageError } from "../run-main.ts";
import { chooseKey, holderOf } from "../ssh/choose-key.ts";
import type { ChosenKey } from "../ssh/choose-key.ts";
import { sshSign } from "../ssh/ssh-keygen.ts";
import type { Console } from "./console.ts";
import type { NotAfter, SignOptions } from "./options.ts";
import { signableApproval } from "./sign-approval.ts";
import { signableCapability } from "./sign-capability.ts";
import type { Signable, Signer } from "./signable.ts";
import { openSources } from "./sources.ts";
import type { Sources } from "./sources.ts";

/**
 * `kubectl writ sign`: nothing is written unless our own verifier takes the signature for good, in the file as it will
 * be. Gives the exit code; throws what ends in one line.
 */
export async function sign(options: SignOptions, console: Console, clock: () => number = Date.now): Promise<number> {
  const manifest = await readSignable(options.file);
  const sources = openSources(options);
  try {
    const { object } = manifest;
    const signable =
      object.kind === "ElevationApproval"
        ? await signableApproval(object, options, sources, clock())
        : signableCapability(object, options);
    const owner = await ownerOf(signable.ownerName, options, sources);
    const key = await chooseKey(options.key, owner, options.by);
    const at = clock();
    const signer: Signer = {
      by: signerOf(options, owner, key),
      at: formatTimestamp(at),
      notAfter: formatTimestamp(endOf(options.notAfter, at, signable)),
      clusterId: await sources.clusterId(),
    };
    const replaces = signable.replaces(signer);
    for (const line of signable.summary) console.note(line);
    const statement = signable.statement(signer);
    const signature = await sshSign(key.signing, signatureNamespace(statement), signedMessage(statement));
    const edits = [...signable.edits, signable.signed(signer, signature)];
    const text = edits.reduce((before, edit) => editDocument(manifest.name, before, edit), manifest.text);
    const found = signable.found(signableIn(manifest.name, text), signer);
    if (!found) throw new Error("the signature is not found again in what would be written: nothing is written");
    check(found.statement, found.signature, owner, key);
    if (options.output === "-") console.write(text);
    else {
      await refuseIfChanged(options, manifest.text);
      writeFileAtomically(options.output, text);
    }
    if (!owner) console.note(`not checked: whether owner "${signable.ownerName}" lists this key for ${signer.by}`);
    if (replaces) console.note("it takes the place of the one that was there");
    console.note(
      `signed as ${signer.by} for owner "${signable.ownerName}" with ${key.fingerprint}, until ${signer.notAfter}`,
    );
    return 0;
  } finally {
    await sources.close();
  }
}

/** Passphrases and touches take their time, in which somebody may have gone on editing. */
async function refuseIfChanged({ file, output }: SignOptions, text: string): Promise<void> {
  if (output !== file || (await readText(file)) === text) return;
  throw new ManifestError(`${file}: changed while it was being signed: nothing is written`);
}

/** Who says with --by who they are, and gives no owners, is not looked up. */
async function ownerOf(name: string, options: SignOptions, sources: Sources): Promise<IdentityOwner | undefined> {
  return options.by !== undefined && options.owners === undefined ? undefined : await sources.owner(name);
}

function signerOf(options: SignOptions, owner: IdentityOwner | undefined, key: ChosenKey): string {
  if (options.by !== undefined) return options.by;
  if (!owner) throw new UsageError("sign needs --by USER or --owners FILE");
  return holderOf(owner, key);
}

function endOf(wanted: NotAfter | undefined, at: number, { defaultLife, maxLife }: Signable): number {
  const end = wanted === undefined ? at + defaultLife : wanted.kind === "after" ? at + wanted.after : wanted.at;
  if (end <= at) throw new Error(`--not-after ${formatTimestamp(end)} has passed already`);
  if (end - at > maxLife)
    throw new Error(`--not-after is more than ${formatDuration(maxLife)} ahead: sign again later`);
  return end;
}

function check(
  statement: SignedStatement,
  signature: string,
  owner: IdentityOwner | undefined,
  { line }: ChosenKey,
): void {
  const verdict = owner
    ? verifySigned(statement, signature, owner, { verifySignature: verifySshSignature })
    : verifySshSignature({
        namespace: signatureNamespace(statement),
        message: signedMessage(statement),
        signature,
        keys: [line],
      });
  if (verdict.kind === "invalid")
    throw new Error(`the signature would not count: ${verdict.problem}; nothing is written`);
}
