import { readFile } from "node:fs/promises";
import path from "node:path";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import type { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { describeError } from "./telemetry.ts";

/** What a connection is authenticated with. Replaced as a whole when a file behind it changes. */
export interface KubeCredentials {
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized?: false;
  };
  readonly headers: Readonly<Record<string, string>>;
}

export interface KubeConnection {
  /** Base URL without a trailing slash. */
  readonly server: string;
  /** The default namespace of the kubeconfig's context, where it has one. */
  readonly namespace?: string;
  /** Reads files and asks exec plugins anew each time; the caller caches. */
  readonly credentials: () => Promise<KubeCredentials>;
}

export interface ConnectionOptions {
  /** One file, or several as KUBECONFIG lists them: the first that says something wins; absent ones are passed over. */
  readonly kubeconfig?: string | readonly string[];
  readonly context?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the pod's service account is mounted. */
  readonly serviceAccountDirectory?: string;
}

/**
 * Loads a connection from a kubeconfig file, or that of the pod we run in when none is given.
 * Throws when the configuration is wrong or asks for something that would be silently ignored.
 */
export async function loadConnection(options: ConnectionOptions): Promise<KubeConnection> {
  return options.kubeconfig === undefined
    ? inClusterConnection(options)
    : kubeconfigConnection(options.kubeconfig, options.context);
}

/** The environment and mount of a pod: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
function inClusterConnection(options: ConnectionOptions): KubeConnection {
  const env = options.env ?? process.env;
  const directory = options.serviceAccountDirectory ?? "/var/run/secrets/kubernetes.io/serviceaccount";
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || host === "" || port === undefined || port === "") {
    throw new Error(
      "no kubeconfig given and not inside a pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): name a kubeconfig file",
    );
  }
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    credentials: async () => {
      const [ca, token] = await Promise.all([
        readFile(path.join(directory, "ca.crt"), "utf8"),
        readFile(path.join(directory, "token"), "utf8"),
      ]);
      return { tls: { ca }, headers: bearer(token) };
    },
  };
}

async function kubeconfigConnection(
  kubeconfig: string | readonly string[],
  contextName: string | undefined,
): Promise<KubeConnection> {
  // The package's root and its KubeConfig class load every model of every kind (some 85 MB); the
  // parsers of the three lists stand alone. YAML is loaded here only, since a pod needs neither.
  const [{ newClusters, newContexts, newUsers }, { parse }] = await Promise.all([
    import("@kubernetes/client-node/dist/config_types.js"),
    import("yaml"),
  ]);
  const name = typeof kubeconfig === "string" ? kubeconfig : kubeconfig.join(path.delimiter);
  try {
    const files = await readKubeconfigs(kubeconfig, parse);
    const wanted = contextName ?? files.map(({ document }) => document["current-context"]).find(isGiven);
    if (wanted === undefined) throw new Error("it has no current-context: name a context");
    const { entry: context } = firstNamed(files, "contexts", wanted, newContexts);
    const { entry: cluster, ...clusterFile } = firstNamed(files, "clusters", context.cluster, newClusters);
    const { entry: user, ...userFile } = firstNamed(files, "users", context.user, newUsers);
    if (cluster.proxyUrl !== undefined) throw new Error("proxy-url is not supported: connect directly");
    const raw = rawUser(userFile.document["users"], user.name);
    refuseUnsupported(user, raw);
    refusePlainHttp(cluster.server);

    const absolute = (name: string): string => path.resolve(path.dirname(userFile.file), name);
    const caSource = source(cluster.caFile, cluster.caData, (name) =>
      path.resolve(path.dirname(clusterFile.file), name),
    );
    const certSource = source(user.certFile, user.certData, absolute);
    const keySource = source(user.keyFile, user.keyData, absolute);
    const identity = await identityOf(user, raw["tokenFile"], absolute);
    return {
      server: cluster.server,
      ...(isGiven(context.namespace) ? { namespace: context.namespace } : {}),
      credentials: async () => {
        const [ca, cert, key, { tls, headers }] = await Promise.all([
          caSource(),
          certSource(),
          keySource(),
          identity(),
        ]);
        return {
          tls: {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            ...tls,
            ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
            ...(cluster.skipTLSVerify ? { rejectUnauthorized: false as const } : {}),
          },
          headers,
        };
      },
    };
  } catch (error) {
    throw new Error(`kubeconfig ${name}: ${describeError(error)}`, { cause: error });
  }
}

interface KubeconfigFile {
  readonly file: string;
  readonly document: Record<string, unknown>;
}

/** A single file must exist; of a list, as in KUBECONFIG, those that do not are passed over, as kubectl does. */
async function readKubeconfigs(
  kubeconfig: string | readonly string[],
  parse: (text: string) => unknown,
): Promise<readonly KubeconfigFile[]> {
  if (typeof kubeconfig === "string") {
    return [{ file: kubeconfig, document: record(parse(await readFile(kubeconfig, "utf8"))) }];
  }
  const files: KubeconfigFile[] = [];
  for (const file of kubeconfig) {
    try {
      files.push({ file, document: record(parse(await readFile(file, "utf8"))) });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  if (files.length === 0) throw new Error("no such file");
  return files;
}

/** The first entry of that name over all files, with the file that it stands in: file names in it are relative to that. */
function firstNamed<T extends { readonly name: string }>(
  files: readonly KubeconfigFile[],
  section: "contexts" | "clusters" | "users",
  wanted: unknown,
  parseAll: (entries: unknown[]) => T[],
): KubeconfigFile & { readonly entry: T } {
  for (const { file, document } of files) {
    const entries = document[section];
    const entry = parseAll(Array.isArray(entries) ? entries : []).find(({ name }) => name === wanted);
    if (entry !== undefined) return { file, document, entry };
  }
  throw new Error(`there is no ${section.slice(0, -1)} "${String(wanted)}"`);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return given(value) !== undefined;
}

/** Refuses what would change who we are, or whom we act as, if it were silently left out. */
function refuseUnsupported(user: User, raw: Record<string, unknown>): void {
  const unsupported = ["as-groups", "as-uid", "as-user-extra", "username", "password"].find(
    (field) => raw[field] !== undefined,
  );
  if (unsupported !== undefined) {
    throw new Error(`user "${user.name}": ${unsupported} is not supported`);
  }
  if (given<unknown>(user.authProvider) !== undefined) {
    throw new Error(`user "${user.name}": auth-provider is not supported: use an exec plugin`);
  }
}

/** Tokens and decisions must not cross a network in the clear; a local proxy is another matter. */
function refusePlainHttp(server: string): void {
  const url = new URL(server);
  const local = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw new Error(`server ${server}: expected https`);
  }
}

type IdentitySource = () => Promise<Pick<KubeCredentials, "tls" | "headers">>;

/** Who we are beyond a client certificate: exec plugin, else token file, else token, as in client-go. */
async function identityOf(user: User, tokenFile: unknown, absolute: (name: string) => string): Promise<IdentitySource> {
  const impersonated = given(user.impersonateUser);
  const impersonate: Record<string, string> = impersonated === undefined ? {} : { "impersonate-user": impersonated };
  if (given<unknown>(user.exec) !== undefined) {
    const { ExecAuth } = await import("@kubernetes/client-node/dist/exec_auth.js");
    const plugin = new ExecAuth();
    return async () => {
      const { headers, ...tls }: ExecResult = await applyPlugin(plugin, user);
      return { tls, headers: { ...headers, ...impersonate } };
    };
  }
  if (typeof tokenFile === "string") {
    const file = absolute(tokenFile);
    return async () => ({
      tls: {},
      headers: { ...bearer(await readFile(file, "utf8")), ...impersonate },
    });
  }
  const token = given(user.token);
  const authorization = token === undefined ? {} : bearer(token);
  return () => Promise.resolve({ tls: {}, headers: { ...authorization, ...impersonate } });
}

interface ExecResult {
  readonly headers: Record<string, string>;
  readonly cert?: string;
  readonly key?: string;
}

async function applyPlugin(plugin: ExecAuth, user: User): Promise<ExecResult> {
  const options: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} };
  await plugin.applyAuthentication(user, options);
  const authorization = options.headers["Authorization"];
  return { ...options, headers: authorization === undefined ? {} : { authorization } };
}

function rawUser(users: unknown, name: string): Record<string, unknown> {
  const entries = Array.isArray(users) ? users.map(record) : [];
  return record(entries.find((entry) => entry["name"] === name)?.["user"]);
}

function source(
  file: string | undefined,
  data: string | undefined,
  absolute: (name: string) => string,
): () => Promise<string | undefined> {
  const name = given(file);
  if (name !== undefined) return () => readFile(absolute(name), "utf8");
  const encoded = given(data);
  const value = encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
  return () => Promise.resolve(value);
}

/** The parsers say "absent" with null, undefined or "", whatever their types say. */
function given<T>(value: T | null | undefined): T | undefined {
  return value === "" ? undefined : (value ?? undefined);
}

function bearer(token: string): Record<string, string> {
  const trimmed = token.trim();
  if (trimmed === "") throw new Error("the token is empty");
  return { authorization: `Bearer ${trimmed}` };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
