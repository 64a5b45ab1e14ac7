/**
 * Kubernetes RBAC as the API server evaluates it (plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation):
 * rules only add up, and a binding whose role does not exist grants nothing. Aggregated ClusterRoles are taken as they
 * stand: a controller writes their rules, and the authorizer reads those.
 */

/** rbac.authorization.k8s.io/v1 PolicyRule. Absent lists are empty. */
export interface PolicyRule {
  readonly verbs?: readonly string[] | null;
  readonly apiGroups?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
  readonly resourceNames?: readonly string[] | null;
  readonly nonResourceURLs?: readonly string[] | null;
}

export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Role or a ClusterRole. */
export interface RbacRole {
  readonly metadata: Metadata;
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] | null } | null;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?:
    readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | null }[] | null;
}

/** A RoleBinding or a ClusterRoleBinding. */
export interface RbacBinding {
  readonly metadata: Metadata;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly Subject[] | null;
}

export interface RbacObjects {
  readonly clusterRoles: readonly RbacRole[];
  readonly roles: readonly RbacRole[];
  readonly clusterRoleBindings: readonly RbacBinding[];
  readonly roleBindings: readonly RbacBinding[];
}

export interface RbacRef {
  readonly kind: "ClusterRole" | "Role" | "ClusterRoleBinding" | "RoleBinding";
  readonly namespace?: string;
  readonly name: string;
}

/** One rule that somebody holds. */
export interface Grant {
  /** Where it counts; undefined: in every namespace, for cluster-scoped objects and for URLs. */
  readonly namespace: string | undefined;
  readonly rule: PolicyRule;
  readonly ruleIndex: number;
  readonly binding: RbacRef;
  readonly subject: Subject;
  readonly role: RbacRef;
}

/** Who asks. The groups are those that the API server authenticates, `system:authenticated` included. */
export interface Identity {
  readonly username?: string;
  readonly groups: readonly string[];
}

/** `name` is "" and `namespace` absent as in the API server's own attributes. */
export type AccessRequest =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace?: string;
      readonly name: string;
    }
  | { readonly verb: string; readonly path: string };

export interface RbacIndex {
  readonly ofUser: (name: string) => readonly Grant[];
  readonly ofGroup: (name: string) => readonly Grant[];
}

/** Resolves every binding once, so that each identity costs one look-up a name. */
export function indexRbac(objects: RbacObjects): RbacIndex {
  const clusterRoles = new Map(objects.clusterRoles.map((role) => [role.metadata.name, role]));
  const roles = new Map(objects.roles.map((role) => [`${role.metadata.namespace ?? ""}/${role.metadata.name}`, role]));
  const users = new Map<string, Grant[]>();
  const groups = new Map<string, Grant[]>();

  const add = (binding: RbacBinding, namespace: string | undefined): void => {
    const { kind, name } = binding.roleRef;
    const isClusterRole = kind === "ClusterRole";
    if (!isClusterRole && (kind !== "Role" || namespace === undefined)) return;
    const role = isClusterRole ? clusterRoles.get(name) : roles.get(`${namespace ?? ""}/${name}`);
    for (const subject of binding.subjects ?? []) {
      const [names, key] = subjectKey(subject, namespace, users, groups);
      if (names === undefined) continue;
      const grants = names.get(key) ?? [];
      names.set(key, grants);
      for (const [ruleIndex, rule] of (role?.rules ?? []).entries()) {
        grants.push({
          namespace,
          rule,
          ruleIndex,
          subject,
          binding: reference(namespace === undefined ? "ClusterRoleBinding" : "RoleBinding", namespace, binding),
          role: isClusterRole ? { kind, name } : { kind: "Role", ...placed(namespace), name },
        });
      }
    }
  };
  for (const binding of objects.clusterRoleBindings) add(binding, undefined);
  for (const binding of objects.roleBindings) add(binding, binding.metadata.namespace ?? "");
  return { ofUser: (name) => users.get(name) ?? [], ofGroup: (name) => groups.get(name) ?? [] };
}

/** Every rule that the identity holds, each once for each binding and subject that gives it. */
export function grantsOf(index: RbacIndex, { username, groups }: Identity): readonly Grant[] {
  const own = username === undefined ? [] : index.ofUser(username);
  return [...own, ...[...new Set(groups)].flatMap((group) => index.ofGroup(group))];
}

/** Whether RBAC alone allows the request. Other authorizers, and the privileges of `system:masters`, are not asked. */
export function allows(index: RbacIndex, identity: Identity, request: AccessRequest): boolean {
  return grantsOf(index, identity).some((grant) => {
    if ("path" in request) return grant.namespace === undefined && ruleAllows(grant.rule, request);
    return (grant.namespace === undefined || grant.namespace === request.namespace) && ruleAllows(grant.rule, request);
  });
}

export function ruleAllows(rule: PolicyRule, request: AccessRequest): boolean {
  if (!has(rule.verbs, request.verb)) return false;
  if ("path" in request) return (rule.nonResourceURLs ?? []).some((url) => urlMatches(url, request.path));
  return (
    has(rule.apiGroups, request.group) &&
    resourceMatches(rule, request.resource, request.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(request.name))
  );
}

/** "*" is every resource and every subresource; `*` + `/scale` that subresource of every resource. */
export function resourceMatches(rule: PolicyRule, resource: string, subresource: string): boolean {
  const resources = rule.resources ?? [];
  if (resources.includes("*")) return true;
  if (subresource === "") return resources.includes(resource);
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/** Whether the list holds the value or "*". */
export function has(values: readonly string[] | null | undefined, wanted: string): boolean {
  return values?.some((value) => value === "*" || value === wanted) ?? false;
}

/** `Kind/name`, or `Kind/namespace/name`. */
export function refText({ kind, namespace, name }: RbacRef): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

function urlMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}

/** A ServiceAccount subject without a namespace means the binding's own. */
function subjectKey(
  subject: Subject,
  bindingNamespace: string | undefined,
  users: Map<string, Grant[]>,
  groups: Map<string, Grant[]>,
): readonly [Map<string, Grant[]> | undefined, string] {
  switch (subject.kind) {
    case "User":
      return [users, subject.name];
    case "Group":
      return [groups, subject.name];
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace;
      return namespace ? [users, `system:serviceaccount:${namespace}:${subject.name}`] : [undefined, ""];
    }
    default:
      return [undefined, ""];
  }
}

function reference(kind: RbacRef["kind"], namespace: string | undefined, object: RbacBinding): RbacRef {
  return { kind, ...placed(namespace), name: object.metadata.name };
}

function placed(namespace: string | undefined): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
