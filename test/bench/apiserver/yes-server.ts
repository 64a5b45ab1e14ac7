import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { announce } from "../child-side.ts";
import { gateProbe } from "../../control-plane/writ-cluster.ts";

// What any webhook costs: a plain server of Node that reads the review and says yes, to everybody but the probe by which
// the benchmark finds out whether it is called.
const [certFile = "", keyFile = ""] = process.argv.slice(2);
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const review = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Review;
    const { uid, userInfo } = review.request;
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid, allowed: !userInfo.username.endsWith(`:${gateProbe}`) },
    });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});

interface Review {
  readonly request: { readonly uid: string; readonly userInfo: { readonly username: string } };
}

// As the product's: longer than the API server keeps its connections.
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
process.on("SIGTERM", () => process.exit(0));
