import { hash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { CallersConfiguration } from "../../config/config.ts";
import type { Caller } from "../handler.ts";

/** A caller's path split by what it must prove: who calls, and which service is wanted. */
interface IdentifiedCaller {
  /** Undefined: not the API server. */
  readonly caller: Caller | undefined;
  /** The path behind the secret segment, such as `/gate`. */
  readonly servicePath: string;
}

export interface CallerIdentifier {
  /** Put between host and service path in the webhook's URL: empty, or `/<segment>`. */
  readonly pathPrefix: string;
  readonly identify: (socket: Socket, path: string) => IdentifiedCaller;
}

const segmentPattern = /^[A-Za-z0-9_-]{32,256}$/;

const readSegment = (file: string): string => {
  const segment = readFileSync(file, "utf8").trim();
  if (segmentPattern.test(segment)) return segment;
  throw new Error(`${file}: must hold one path segment of 32 to 256 characters from A-Z, a-z, 0-9, "_" and "-"`);
};

const digest = (text: string): Buffer => hash("sha256", text, "buffer");

const byPath = (file: string): CallerIdentifier => {
  const segment = readSegment(file);
  const expected = digest(segment);
  return {
    pathPrefix: `/${segment}`,
    identify: (_, path) => {
      const end = path.indexOf("/", 1);
      const given = end === -1 ? path.slice(1) : path.slice(1, end);
      // Digests have one length, so that the comparison tells nothing about the segment, its length included.
      const known = timingSafeEqual(digest(given), expected);
      return { caller: known ? { kind: "path" } : undefined, servicePath: end === -1 ? "/" : path.slice(end) };
    },
  };
};

const byCertificate = (commonNames: readonly string[]): CallerIdentifier => {
  // One handshake, many reviews: the certificate of a connection cannot change (TLS 1.3; renegotiation is off).
  const known = new WeakMap<Socket, Caller>();
  const identify = (socket: Socket): Caller | undefined => {
    const earlier = known.get(socket);
    if (earlier !== undefined) return earlier;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    // `authorized` speaks of the session, which may be resumed: the certificate itself must be there as well.
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const commonName = onlyCommonName(certificate.subject);
    if (commonName === undefined || !commonNames.includes(commonName)) return undefined;
    const sha256 = hash("sha256", certificate.raw, "hex");
    const caller: Caller = { kind: "client-certificate", sha256, commonName };
    known.set(socket, caller);
    return caller;
  };
  return { pathPrefix: "", identify: (socket, path) => ({ caller: identify(socket), servicePath: path }) };
};

/**
 * CN of a subject as Node prints it: one attribute a line, with line breaks in values escaped. A subject with two names
 * has none that could be trusted.
 */
const onlyCommonName = (subject: string): string | undefined => {
  const names = subject.split("\n").filter((line) => line.startsWith("CN="));
  return names.length === 1 ? names[0]?.slice("CN=".length) : undefined;
};

/** How callers are told apart; throws when the path file is unusable. */
export const createCallerIdentifier = (callers: CallersConfiguration): CallerIdentifier =>
  callers.kind === "path" ? byPath(callers.pathFile) : byCertificate(callers.commonNames);
