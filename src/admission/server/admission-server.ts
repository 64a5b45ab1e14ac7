import { constants } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fastify } from "fastify";
import { readBundle, watchCertificates, type CertificateBundle } from "./certificate-files.ts";
import { createCallerIdentifier } from "./identify-caller.ts";
import { createReviewServer, maximumBodyBytes, refusalAnswer } from "./serve-review.ts";
import type { AdmissionServer, AdmissionServerOptions, CloseOptions } from "./server-options.ts";

/** Milliseconds. The API server's idle connections live 90 s: ours must outlive them, or it meets a closed one. */
const keepAliveTimeout = 120_000;
const headersTimeout = 32_000;
/** Whole request, headers included. */
const requestTimeout = 15_000;
const handshakeTimeout = 10_000;
const idleSweep = 250;
const defaultGrace = 10_000;

/** Loopback by its address: for the name "localhost" Fastify opens a second server, whose certificate would never reload. */
const bindable = (host: string): string => (host === "localhost" ? "127.0.0.1" : host);

const secureContext = ({ cert, key, ca }: CertificateBundle) => ({
  cert,
  key,
  ...(ca === undefined ? {} : { ca }),
  minVersion: "TLSv1.2" as const,
  // A resumed session would carry the verdict on a client certificate past a change of the CA. The API server's
  // connections live long and do not resume.
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** Answers what is not HTTP; the parser has given up on the connection, so the bytes are written by hand. */
const answerBadHttp = (socket: Socket): void => {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = "the bytes received are not an HTTP/1.1 request, or came too slowly";
  const { body } = refusalAnswer({ code: "MalformedReview", reason: "BadHttp", message: text }, undefined);
  const head = [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
};

/**
 * Starts the HTTPS edge and resolves when it listens. Rejects when a certificate, key, CA or path file is unusable or
 * the address is taken. Certificate files are watched; `onServerDenial` hears of denials that no handler gave.
 */
export const startAdmissionServer = async (options: AdmissionServerOptions): Promise<AdmissionServer> => {
  const { listen, tls, callers, metrics, log } = options;
  const files = { ...tls, clientCAFile: callers.kind === "client-certificate" ? callers.clientCAFile : undefined };
  const bundle = await readBundle(files);
  const identifier = createCallerIdentifier(callers);
  const serve = createReviewServer(options, identifier);
  let draining = false;

  const app = fastify({
    https: {
      ...secureContext(bundle),
      // A caller without a certificate is let in to be told so, by an answer that names the review.
      requestCert: callers.kind === "client-certificate",
      rejectUnauthorized: false,
      handshakeTimeout,
    },
    bodyLimit: maximumBodyBytes,
    keepAliveTimeout,
    requestTimeout,
    return503OnClosing: false,
    forceCloseConnections: false,
    exposeHeadRoutes: false,
    // Paths are judged in constant time by the review server, never by the router.
    rewriteUrl: () => "/",
    clientErrorHandler: (_error, socket) => {
      metrics.rejectedInput.inc({ reason: "BadHttp" });
      answerBadHttp(socket);
    },
  });
  app.server.headersTimeout = headersTimeout;
  // Everything is served from the first hook, before the framework looks at content types or bodies: it would answer
  // some of them in its own words, and the API server takes those for a failed call.
  app.addHook("onRequest", async (request, reply) => {
    const answer = await serve(request.raw, request.originalUrl);
    if (draining || answer.close) reply.header("connection", "close");
    return reply.code(answer.status).header("content-type", "application/json").send(answer.body);
  });

  const unreachable = async (): Promise<never> => Promise.reject(new Error("the hook has answered"));
  app.all("/", unreachable);
  app.setNotFoundHandler(unreachable);

  const watching = watchCertificates(files, bundle, (next) => app.server.setSecureContext(secureContext(next)), {
    metrics,
    log,
  });
  try {
    await app.listen({ host: bindable(listen.host), port: listen.port });
  } catch (error) {
    watching.stop();
    throw error;
  }

  const drain = async ({ lameDuck = 0, grace = defaultGrace }: CloseOptions): Promise<void> => {
    draining = true;
    await sleep(lameDuck);
    watching.stop();
    // Fastify's close waits for connections that turn idle after it began (fastify/fastify#7044): sweep them.
    const sweep = setInterval(() => app.server.closeIdleConnections(), idleSweep);
    const cut = setTimeout(() => app.server.closeAllConnections(), grace);
    await app.close();
    clearInterval(sweep);
    clearTimeout(cut);
  };
  let closing: Promise<void> | undefined;
  return {
    url: `https://${hostPort(listen.host, app.server.address())}${identifier.pathPrefix}`,
    reload: watching.reload,
    close: (closeOptions = {}) => (closing ??= drain(closeOptions)),
  };
};

const hostPort = (host: string, address: AddressInfo | string | null): string => {
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `${host.includes(":") ? `[${host}]` : bindable(host)}:${port}`;
};
