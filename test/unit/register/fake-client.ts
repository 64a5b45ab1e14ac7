import { KubeError } from "../../../src/kube/kube-error.ts";
import type { KubeClient, KubeRequest, KubeResponse } from "../../../src/kube/client.ts";

/** A client whose requests are answered by the test. */
export function fakeClient(answer: (request: KubeRequest) => Promise<KubeResponse>): KubeClient {
  const unused = (): never => {
    throw new Error("not part of this test");
  };
  return {
    server: "https://fake",
    request: answer,
    get: (path, options) => answer({ ...options, method: "GET", path }),
    watch: unused,
    suspectWatches: unused,
    sockets: unused,
    close: unused,
  };
}

export function failure(status: number, reason = "Unknown"): KubeError {
  return new KubeError({ status, reason, message: `answered ${status}` });
}

export function answerOf(body: unknown, serverDate?: number): KubeResponse {
  return { status: 200, body, serverDate };
}
