// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs the polyfill before it is loaded
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;

x509.cryptoProvider.set(webcrypto);

export interface KeyPairPem {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly cert: string;
  readonly serverCertificate: (days?: number) => Promise<KeyPairPem>;
  readonly clientCertificate: (name: string) => Promise<KeyPairPem>;
}

const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");

/** A certificate authority with real keys that issues for 127.0.0.1 and for clients by name. */
export const createAuthority = async (name: string): Promise<Authority> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const notBefore = new Date(Date.now() - day);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore,
    notAfter: new Date(Date.now() + 10 * day),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = async (subject: string, days: number, extensions: x509.Extension[]): Promise<KeyPairPem> => {
    const leaf = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const cert = await x509.X509CertificateGenerator.create({
      subject,
      issuer: root.subject,
      signingKey: keys.privateKey,
      publicKey: leaf.publicKey,
      notBefore,
      notAfter: new Date(Date.now() + days * day),
      signingAlgorithm: algorithm,
      extensions,
    });
    return { cert: cert.toString("pem"), key: await keyPem(leaf.privateKey) };
  };
  return {
    cert: root.toString("pem"),
    serverCertificate: (days = 5) =>
      issue("CN=writ-webhook", days, [
        new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ]),
    clientCertificate: (client) =>
      issue(`CN=${client}`, 5, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
};
