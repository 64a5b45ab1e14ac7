// @peculiar/x509 needs the metadata API on the global object.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Name, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

/** A certificate signing request for a user name (PKCS #10, PEM) and its private key (PKCS #8, PEM). */
export async function signingRequest(user: string): Promise<{ readonly request: string; readonly key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name([{ CN: [user] }]),
    keys,
    signingAlgorithm: algorithm,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
  return { request: `${request.toString("pem")}\n`, key };
}
