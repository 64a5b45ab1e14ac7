import { X509Certificate, createPrivateKey } from "node:crypto";
import { watch, type FSWatcher } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Absent when callers are not known by certificates. */
  readonly clientCAFile: string | undefined;
}

/** PEM bytes that belong together. */
export interface CertificateBundle {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** End of the leaf's validity, milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Certificates of a PEM file with one or more; throws when there is none. */
const parseCertificates = (pem: Buffer, file: string): readonly X509Certificate[] => {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`${file}: holds no PEM certificate`);
  return blocks.map((block) => new X509Certificate(block));
};

/** Reads and checks the files; throws with the file's name when one is unusable or key and certificate do not match. */
export const readBundle = async ({ certFile, keyFile, clientCAFile }: CertificateFiles): Promise<CertificateBundle> => {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    clientCAFile === undefined ? undefined : readFile(clientCAFile),
  ]);
  const [leaf] = parseCertificates(cert, certFile);
  if (leaf === undefined || !leaf.checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${keyFile}: is not the key of the first certificate in ${certFile}`);
  }
  if (ca !== undefined && clientCAFile !== undefined) parseCertificates(ca, clientCAFile);
  return { cert, key, ca, expiresAt: leaf.validToDate.getTime() };
};

const same = (left: CertificateBundle, right: CertificateBundle): boolean =>
  left.cert.equals(right.cert) &&
  left.key.equals(right.key) &&
  (left.ca === right.ca || (left.ca !== undefined && right.ca !== undefined && left.ca.equals(right.ca)));

const pollInterval = 10_000;

export interface CertificateWatch {
  /** Looks now; true when other files took effect. */
  readonly reload: () => Promise<boolean>;
  readonly stop: () => void;
}

/**
 * Calls `apply` when the bytes of the files change. Directories are watched (a mounted Secret changes by its `..data`
 * link, not by its files) and polled as well, since a watch may miss a change. A half-written or mismatched pair is
 * counted and logged, and the pair in use stays.
 */
export const watchCertificates = (
  files: CertificateFiles,
  first: CertificateBundle,
  apply: (bundle: CertificateBundle) => void,
  { metrics, log }: { readonly metrics: Metrics; readonly log: Logger },
): CertificateWatch => {
  let current = first;
  let stopped = false;
  metrics.certificateExpiry.set(first.expiresAt / 1_000);
  const look = async (): Promise<boolean> => {
    try {
      const next = await readBundle(files);
      if (stopped || same(current, next)) {
        metrics.certificateReloads.inc({ result: "unchanged" });
        return false;
      }
      apply(next);
      current = next;
      metrics.certificateReloads.inc({ result: "changed" });
      metrics.certificateExpiry.set(next.expiresAt / 1_000);
      log.info({ expiresAt: new Date(next.expiresAt).toISOString() }, "serving a new certificate");
      return true;
    } catch (error) {
      metrics.certificateReloads.inc({ result: "error" });
      log.error({ err: error }, "certificate files are unusable; the pair in use stays");
      return false;
    }
  };
  // Looks follow one another (two at once could put an older pair in a newer one's place), and changes that come while
  // one waits are seen by it.
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<boolean> | undefined;
  const reload = (): Promise<boolean> => {
    waiting ??= running.then(() => {
      waiting = undefined;
      const result = look();
      running = result;
      return result;
    });
    return waiting;
  };
  const timer = setInterval(() => void reload(), pollInterval);
  timer.unref();
  const directories = new Set(
    Object.values(files)
      .filter((file) => file !== undefined)
      .map((file) => dirname(file)),
  );
  const watchers = [...directories].flatMap((directory) => watchDirectory(directory, reload, log));
  return {
    reload,
    stop: () => {
      stopped = true;
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
};

const watchDirectory = (directory: string, changed: () => Promise<boolean>, log: Logger): readonly FSWatcher[] => {
  try {
    const watcher = watch(directory, { persistent: false }, () => void changed());
    watcher.on("error", (error) => log.warn({ err: error }, "cannot watch the certificate directory; polling goes on"));
    return [watcher];
  } catch (error) {
    log.warn({ err: error }, "cannot watch the certificate directory; polling goes on");
    return [];
  }
};
