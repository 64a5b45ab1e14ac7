/** A resource that wildcards never match. `*` as resource means the whole group; a leading `*.` a group's suffix. */
export interface ProtectedResource {
  readonly apiGroup: string;
  readonly resource: string;
}

/**
 * Writing one of these gives power beyond the object: rights, admission, identities, credentials, everything in a
 * namespace, or a controller that writes for its author. A rule must name it literally and be High. Configuration
 * adds to the list and takes nothing away. Sources: Kubernetes RBAC good practices; the deputies are the kinds whose
 * controllers apply what their objects say.
 */
const protectedByDefault: readonly ProtectedResource[] = [
  { apiGroup: "rbac.authorization.k8s.io", resource: "*" },
  { apiGroup: "admissionregistration.k8s.io", resource: "*" },
  { apiGroup: "apiextensions.k8s.io", resource: "*" },
  { apiGroup: "apiregistration.k8s.io", resource: "*" },
  { apiGroup: "certificates.k8s.io", resource: "*" },
  { apiGroup: "", resource: "serviceaccounts/token" },
  { apiGroup: "", resource: "secrets" },
  { apiGroup: "", resource: "namespaces" },
  { apiGroup: "", resource: "nodes" },
  { apiGroup: "", resource: "persistentvolumes" },
  { apiGroup: "", resource: "endpoints" },
  { apiGroup: "discovery.k8s.io", resource: "endpointslices" },
  { apiGroup: "storage.k8s.io", resource: "*" },
  { apiGroup: "node.k8s.io", resource: "*" },
  { apiGroup: "flowcontrol.apiserver.k8s.io", resource: "*" },
  { apiGroup: "batch", resource: "cronjobs" },
  { apiGroup: "argoproj.io", resource: "*" },
  { apiGroup: "*.toolkit.fluxcd.io", resource: "*" },
  { apiGroup: "tekton.dev", resource: "*" },
  { apiGroup: "helm.cattle.io", resource: "*" },
  { apiGroup: "fleet.cattle.io", resource: "*" },
  { apiGroup: "metacontroller.k8s.io", resource: "*" },
  { apiGroup: "operators.coreos.com", resource: "*" },
  { apiGroup: "work.open-cluster-management.io", resource: "*" },
  { apiGroup: "external-secrets.io", resource: "*" },
  { apiGroup: "kyverno.io", resource: "*" },
  { apiGroup: "*.kyverno.io", resource: "*" },
  { apiGroup: "*.crossplane.io", resource: "*" },
  { apiGroup: "*.upbound.io", resource: "*" },
];

/** `resource` may carry a subresource (`pods/exec`): what protects an object protects its subresources. */
export function isProtected(group: string, resource: string, more: readonly ProtectedResource[]): boolean {
  const base = resource.split("/")[0] ?? resource;
  const matches = (entry: ProtectedResource): boolean =>
    groupMatches(entry.apiGroup, group) &&
    (entry.resource === "*" || entry.resource === resource || entry.resource === base);
  return protectedByDefault.some(matches) || more.some(matches);
}

function groupMatches(pattern: string, group: string): boolean {
  return pattern.startsWith("*.") ? group.endsWith(pattern.slice(1)) : pattern === group;
}
