import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { formatIdentity, identify, isAlive, parseIdentity } from "./process-identity.ts";

/** What `npm run cluster` writes into the directory that it is given. Nothing else there is ever touched. */
export interface ClusterDirectory {
  readonly path: string;
  readonly envFile: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly ledger: string;
  readonly logs: string;
  /** Keys, certificates and configuration of Writ's processes. */
  readonly writ: string;
}

/** Holds the identity of the process that runs the cluster; says that the other names in the directory are ours. */
const markerName = ".writ-cluster";
const ownNames = ["env.json", "kubeconfig", "audit.log", "ledger", "logs", "writ"] as const;

/**
 * Takes a directory for a new cluster: makes it where there is none and removes what an earlier run wrote.
 * @throws when it cannot be written, when a running cluster has it, or when a file that is not ours is in the way.
 */
export function takeClusterDirectory(given: string): ClusterDirectory {
  const path = resolve(given);
  const marker = join(path, markerName);
  try {
    makeDirectory(path);
  } catch (error) {
    throw new Error(`cannot make the directory ${path}: ${reasonOf(error)}`, { cause: error });
  }
  const ours = existsSync(marker);
  if (ours) {
    const owner = parseIdentity(readFileSync(marker, "utf8"));
    if (owner !== undefined && isAlive(owner)) {
      throw new Error(`${path} is in use by a running cluster (process ${owner.pid}): end it, or give another --dir`);
    }
  } else {
    const foreign = ownNames.filter((name) => existsSync(join(path, name)));
    if (foreign.length > 0) {
      throw new Error(
        `${path} has ${foreign.join(", ")} that no earlier run wrote: move them away, or give another --dir`,
      );
    }
  }
  const self = identify(process.pid);
  try {
    writeFileSync(marker, self === undefined ? "" : formatIdentity(self));
    for (const name of ownNames) rmSync(join(path, name), { recursive: true, force: true });
  } catch (error) {
    throw new Error(`cannot write in the directory ${path}: ${reasonOf(error)}`, { cause: error });
  }
  return {
    path,
    envFile: join(path, "env.json"),
    kubeconfig: join(path, "kubeconfig"),
    auditLog: join(path, "audit.log"),
    ledger: join(path, "ledger"),
    logs: join(path, "logs"),
    writ: join(path, "writ"),
  };
}

/** Not `recursive: true`: that never returns where mkdir answers ENOENT in a directory that exists, as under /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
