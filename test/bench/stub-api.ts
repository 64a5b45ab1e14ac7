import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { registerName } from "../../src/api/register/content.ts";
import { configMaps, objectPath } from "../../src/kube/resource.ts";
import { ours } from "../builders/installation.ts";
import { announce } from "./child-side.ts";
import type { StubSpec } from "./messages.ts";
import { approve, dressed, populate } from "./population.ts";

// An API server that answers from memory: GETs of single objects, and watches that begin with the whole collection.
// It stands in for a real one where 10,000 objects would have to be created, and where a real one would take the CPU
// that the webhook is measured with.
const { population, createdAt, tls } = JSON.parse(process.argv[2] ?? "") as StubSpec;
const { owners, capabilities, requests } = populate(population, createdAt, ours);
const collections: Readonly<Record<string, readonly object[]>> = {
  identityowners: owners,
  agentcapabilities: capabilities,
  elevationapprovals: requests.map((request) => dressed(approve(request, capabilities, ours))),
};
const objects = new Map<string, Buffer>([
  [
    "/api/v1/namespaces/kube-system",
    Buffer.from(JSON.stringify({ kind: "Namespace", metadata: { name: "kube-system", uid: ours.trust.clusterId } })),
  ],
  // The revocation register of an installation in which nothing has changed for ten minutes.
  [
    objectPath(configMaps, "writ-system", registerName),
    Buffer.from(
      JSON.stringify({
        kind: "ConfigMap",
        metadata: { namespace: "writ-system", name: registerName, uid: "0c5e1f9e", resourceVersion: "1" },
      }),
    ),
  ],
]);
for (const [plural, content] of Object.entries(collections)) {
  for (const object of content as readonly {
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }[]) {
    const { name, namespace } = object.metadata;
    const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
    objects.set(`/apis/writ.dev/v1alpha1${place}/${plural}/${name}`, Buffer.from(JSON.stringify(object)));
  }
}

const bookmarkEvery = 60_000;

function watch(plural: string, response: ServerResponse): void {
  const bookmark = (annotations: object): string =>
    `${JSON.stringify({ type: "BOOKMARK", object: { apiVersion: "writ.dev/v1alpha1", metadata: { resourceVersion: "1", annotations } } })}\n`;
  response.writeHead(200, { "content-type": "application/json" });
  for (const object of collections[plural] ?? []) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
  response.write(bookmark({ "k8s.io/initial-events-end": "true" }));
  const timer = setInterval(() => response.write(bookmark({})), bookmarkEvery);
  response.on("close", () => clearInterval(timer));
}

const server = createServer(
  { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), keepAliveTimeout: 120_000 },
  (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (query.includes("watch=true")) return watch(path.split("/").at(-1) ?? "", response);
    const object = objects.get(path);
    response.writeHead(object === undefined ? 404 : 200, { "content-type": "application/json" });
    return response.end(object ?? "{}");
  },
);
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
