import { type KeyObject, generateKeyPairSync, sign } from "node:crypto";
import { type Server, createServer } from "node:https";
import { createAuthority } from "../../control-plane/pki.ts";
import { freePort } from "../../control-plane/ports.ts";

export interface Issuer {
  readonly url: string;
  /** A compact JWS (RFC 7515) signed with ES256; `iss` is the issuer's. */
  readonly sign: (claims: Readonly<Record<string, unknown>>, key?: KeyObject) => string;
}

export interface Issuers {
  /** PEM of the authority of the serving certificate. */
  readonly ca: string;
  readonly spiffe: Issuer;
  readonly oidc: Issuer;
  readonly close: () => void;
}

/** Two OpenID Connect issuers on one HTTPS server on loopback: discovery documents and JWKS, keys of their own. */
export async function startIssuers(): Promise<Issuers> {
  const authority = await createAuthority("issuer-ca");
  const { certificate, key } = await authority.server("issuer");
  const port = await freePort();
  const origin = `https://127.0.0.1:${port}`;
  const documents = new Map<string, object>();
  const issuer = (name: string): Issuer => {
    const url = `${origin}/${name}`;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    documents.set(`/${name}/.well-known/openid-configuration`, {
      issuer: url,
      jwks_uri: `${url}/keys`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    });
    documents.set(`/${name}/keys`, {
      keys: [{ ...publicKey.export({ format: "jwk" }), kid: name, use: "sig", alg: "ES256" }],
    });
    return { url, sign: (claims, other = privateKey) => signedToken({ iss: url, ...claims }, name, other) };
  };
  const [spiffe, oidc] = [issuer("spire"), issuer("idp")];
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    const document = documents.get(request.url ?? "");
    response.statusCode = document === undefined ? 404 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { ca: authority.certificate, spiffe, oidc, close };
}

function signedToken(claims: object, kid: string, key: KeyObject): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "ES256", typ: "JWT", kid })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}
