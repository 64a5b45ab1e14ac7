/** What `verifySshSignature` is asked. */
export interface SshSignatureInput {
  /** The SSHSIG namespace that the signature must carry. */
  readonly namespace: string;
  readonly message: Uint8Array;
  /** Armored, as `ssh-keygen -Y sign` writes it. */
  readonly signature: string;
  /** OpenSSH public key lines, one of which must have signed. */
  readonly keys: readonly string[];
}

export type SshVerdict =
  /** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
  | { readonly kind: "valid"; readonly fingerprint: string }
  /** One line that says what is wrong. */
  | { readonly kind: "invalid"; readonly problem: string };

/** Pure: the same input has the same verdict for ever. */
export type SshVerifier = (input: SshSignatureInput) => SshVerdict;
