import type { AgentCapability, IdentityOwner } from "../../api/types.gen.ts";
import { ManifestError } from "../manifest/manifest-error.ts";
import { readCapability, readOwners } from "../manifest/read-manifest.ts";
import { openCluster } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { explainError } from "./explain-error.ts";
import type { ConnectionOptions } from "./options.ts";

export interface SourceOptions extends ConnectionOptions {
  readonly clusterId?: string;
  /** A file. */
  readonly capability?: string;
  /** A file. */
  readonly owners?: string;
}

/** What signing and verifying need to know beside the file: from files where they are given, else from the cluster. */
export interface Sources {
  readonly clusterId: () => Promise<string>;
  readonly capability: (name: string) => Promise<AgentCapability>;
  readonly owner: (name: string) => Promise<IdentityOwner>;
  readonly serviceAccountUid: (namespace: string, name: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Opens no connection before something is asked of the cluster; one of another id than was given is refused. */
export function openSources(options: SourceOptions): Sources {
  let opening: Promise<Cluster> | undefined;
  const connected = async (): Promise<Cluster> => {
    const cluster = await openCluster(options);
    const { clusterId } = options;
    if (clusterId === undefined) return cluster;
    const found = await explained(cluster, cluster.clusterId());
    if (found !== clusterId) throw new Error(`the cluster at ${cluster.server} is ${found}, not ${clusterId}`);
    return cluster;
  };
  const ask = async <T>(instead: string, question: (cluster: Cluster) => Promise<T>): Promise<T> => {
    try {
      opening ??= connected();
      const cluster = await opening;
      return await explained(cluster, question(cluster));
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}; or give ${instead}`, {
        cause: error,
      });
    }
  };
  return {
    clusterId: async () => options.clusterId ?? (await ask("--cluster-id", (cluster) => cluster.clusterId())),
    capability: async (name) => {
      if (options.capability === undefined)
        return await ask("--capability FILE", (cluster) => cluster.capability(name));
      const capability = await readCapability(options.capability);
      if (capability.metadata.name === name) return capability;
      throw new ManifestError(
        `${options.capability}: holds AgentCapability "${capability.metadata.name}", not "${name}"`,
      );
    },
    owner: async (name) => {
      if (options.owners === undefined) return await ask("--owners FILE or --by", (cluster) => cluster.owner(name));
      const owner = (await readOwners(options.owners)).find(({ metadata }) => metadata.name === name);
      if (!owner) throw new ManifestError(`${options.owners}: holds no IdentityOwner "${name}"`);
      return owner;
    },
    serviceAccountUid: async (namespace, name) => {
      const command = `kubectl -n ${namespace} get serviceaccount ${name} -o jsonpath='{.metadata.uid}'`;
      if (options.clusterId !== undefined) {
        throw new Error(
          `spec.agent.uid is missing, and an approval is bound to the account that exists; this prints it: ${command}`,
        );
      }
      return await ask(`it as spec.agent.uid: ${command}`, (cluster) => cluster.serviceAccountUid(namespace, name));
    },
    close: async () => {
      const cluster = await opening?.catch(() => undefined);
      await cluster?.close();
    },
  };
}

async function explained<T>({ server, namespace }: Cluster, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw explainError(error, { server, namespace });
  }
}
