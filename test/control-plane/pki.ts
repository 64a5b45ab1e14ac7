// @peculiar/x509 needs the metadata API on the global object.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { type KeyObject, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its PKCS #8 private key, both PEM. */
export interface KeyPairPem {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends KeyPairPem {
  /** A server certificate for 127.0.0.1, localhost and further DNS names. */
  server(commonName: string, dnsNames?: readonly string[]): Promise<KeyPairPem>;
  /** A client certificate: Kubernetes reads the user from CN and each group from one O. */
  client(identity: { readonly user: string; readonly groups?: readonly string[] }): Promise<KeyPairPem>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const lifetimeMs = 30 * 24 * 3_600_000;
const skewMs = 3_600_000;

/** A new certificate authority (ECDSA P-256), good for 30 days. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: distinguishedName(commonName, []),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const issue = async (
    subject: Name,
    usage: ExtendedKeyUsage,
    names: readonly { readonly type: "dns" | "ip"; readonly value: string }[],
  ): Promise<KeyPairPem> => {
    const leaf = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const issued = await X509CertificateGenerator.create({
      ...validity(),
      subject,
      issuer: certificate.subjectName,
      publicKey: leaf.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
      ],
    });
    return { certificate: issued.toString("pem") + "\n", key: await privateKeyPem(leaf.privateKey) };
  };
  return {
    certificate: certificate.toString("pem") + "\n",
    key: await privateKeyPem(keys.privateKey),
    server: (name, dnsNames = []) =>
      issue(distinguishedName(name, []), ExtendedKeyUsage.serverAuth, [
        { type: "ip", value: "127.0.0.1" },
        ...["localhost", ...dnsNames].map((value) => ({ type: "dns", value }) as const),
      ]),
    client: ({ user, groups = [] }) => issue(distinguishedName(user, groups), ExtendedKeyUsage.clientAuth, []),
  };
}

/** A key pair as PEM: PKCS #8 and SubjectPublicKeyInfo. */
export function signingKeyPair(kind: "ec" | "ed25519"): { readonly privateKey: string; readonly publicKey: string } {
  const pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =
    kind === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

function distinguishedName(commonName: string, organisations: readonly string[]): Name {
  // As structure, not as text: a name with a comma or a plus sign stays one value.
  return new Name([...organisations.map((name) => ({ O: [name] })), { CN: [commonName] }]);
}

function validity(): { readonly serialNumber: string; readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return {
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + lifetimeMs),
  };
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}
