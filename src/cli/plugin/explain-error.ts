import { KubeError } from "../../kube/client.ts";

/** What the command was about, for errors that say too little. */
export interface Circumstances {
  readonly server: string;
  readonly namespace: string;
}

/**
 * An error of the API server as one paragraph: reason code and next step of Writ's refusals, without the words around
 * them; for the rest what is wrong and what to do. Everything else is left as it is.
 */
export function explainError(error: unknown, { server, namespace }: Circumstances): unknown {
  if (!(error instanceof KubeError)) return error;
  return new Error(explanation(error, server, namespace), { cause: error });
}

function explanation({ status, reason, message }: KubeError, server: string, namespace: string): string {
  const refusal = /^admission webhook "\w+\.writ\.dev" denied the request: ([\s\S]*)$/.exec(message)?.[1];
  if (refusal !== undefined) return refusal;
  if (status === 0) {
    return reason === "InvalidResponse"
      ? `${server} does not answer as an API server: ${message}`
      : `the API server ${server} does not answer (${reason}): ${message}; is it the right --context, and can it be reached?`;
  }
  switch (status) {
    case 401:
      return `the API server ${server} does not know you: log in anew, or choose another --context`;
    case 403:
      // RBAC's own refusal; those of other admission plugins speak for themselves.
      return /" cannot \w+ resource "/.test(message)
        ? `${message}; ask whoever administers the cluster for the role writ-approver`
        : message;
    case 404:
      return /could not find the requested resource/.test(message)
        ? `${server} does not know Writ's kinds: it is not installed there; is it the right --context?`
        : `${message}${message.startsWith("elevationapprovals") ? ` in namespace ${namespace}; kubectl get elev -A lists all` : ""}`;
    default:
      return /failed calling webhook/.test(message)
        ? `Writ's webhook does not answer, so nothing can be decided; agents are denied meanwhile, and kubectl delete elev revokes even now (${message})`
        : `${reason}: ${message}`;
  }
}
