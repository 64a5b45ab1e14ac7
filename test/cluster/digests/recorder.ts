import type { IncomingMessage, ServerResponse } from "node:http";
import { type Server, createServer } from "node:https";
import { stringify } from "yaml";
import type { AdmissionRequest } from "../../../src/decision/admission-request.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { createAuthority } from "../../control-plane/pki.ts";
import { freePort } from "../../control-plane/ports.ts";

/** The user whose requests are recorded, whatever they write. */
export const recordedUser = "recorded";

export interface Recorder {
  /** The requests since the last call, as the API server sent them. */
  readonly take: () => readonly AdmissionRequest[];
  readonly close: () => void;
}

/** A webhook that admits everything and keeps what it was asked. Returns when the API server calls it. */
export async function startRecorder(cluster: ControlPlane): Promise<Recorder> {
  const authority = await createAuthority("recorder");
  const { certificate, key } = await authority.server("recorder");
  const requests: AdmissionRequest[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const review = (JSON.parse(Buffer.concat(body).toString()) as { readonly request: AdmissionRequest }).request;
    requests.push(review);
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid: review.uid, allowed: true },
      }),
    );
  };
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const port = await freePort();
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const take = (): readonly AdmissionRequest[] => requests.splice(0);
  await install(cluster, `https://127.0.0.1:${port}`, authority.certificate, () => take().length > 0);
  return {
    take,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function install(cluster: ControlPlane, url: string, ca: string, wasCalled: () => boolean): Promise<void> {
  const configuration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "recorder" },
    webhooks: [
      {
        name: "recorder.writ.dev",
        admissionReviewVersions: ["v1"],
        clientConfig: { url, caBundle: Buffer.from(ca).toString("base64") },
        rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], scope: "*" }],
        matchConditions: [{ name: "recorded", expression: `request.userInfo.username == '${recordedUser}'` }],
        failurePolicy: "Fail",
        sideEffects: "None",
      },
    ],
  };
  const applied = await cluster.kubectl(["apply", "-f", "-"], { stdin: stringify(configuration) });
  if (applied.code !== 0) throw new Error(`the recorder was not installed: ${applied.stderr}`);
  const credentials = await cluster.clientCertificate({ user: recordedUser, groups: ["system:masters"] });
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" } };
  for (let attempt = 0; attempt < 500; attempt++) {
    await cluster.request("/api/v1/namespaces/default/configmaps?dryRun=All", { body, credentials });
    if (wasCalled()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the API server does not call the recorder");
}
