import { formatTimestamp } from "../../api/timestamp.ts";
import { present } from "../decision-record.ts";
import { cutCodePoints } from "../server/one-line.ts";
import type { AccessCall, AccessDenial } from "./access-review.ts";

/** Longest part of an attempt that is recorded: a name of 60 KiB must not keep its own denial out of the record. */
const maximumLength = 1024;

/**
 * The `spec` of a `decision` entry about an access instead of a write (docs/reference/ledger.md): `by` tells them apart,
 * `operation` is the verb. `verdict` is `error` where no decision stands behind the denial.
 */
export function accessRecord(
  { spec, caller }: AccessCall,
  { code, message }: AccessDenial,
  verdict: "deny" | "error",
  time: number,
): object {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const cut = (text = ""): string => cutCodePoints(text, maximumLength);
  const extra = (key: string): string | undefined => {
    const name = `authentication.kubernetes.io/${key}`;
    return spec.extra !== undefined && Object.hasOwn(spec.extra, name) ? spec.extra[name]?.[0] : undefined;
  };
  return present({
    time: formatTimestamp(time),
    by: "authorize",
    verdict,
    code,
    message: cutCodePoints(message, 2 * maximumLength),
    operation: cut(resource?.verb ?? path?.verb),
    resource: resource && {
      group: cut(resource.group),
      version: cut(resource.version),
      resource: cut(resource.resource),
      subresource: cut(resource.subresource),
    },
    object:
      resource &&
      present({
        namespace: resource.namespace && cut(resource.namespace),
        name: resource.name && cut(resource.name),
      }),
    path: path && cut(path.path),
    user: present({ username: spec.user ?? "", uid: spec.uid, groups: spec.groups, extra: spec.extra }),
    credential: present({
      id: extra("credential-id"),
      podName: extra("pod-name"),
      podUid: extra("pod-uid"),
      nodeName: extra("node-name"),
    }),
    caller,
  });
}
