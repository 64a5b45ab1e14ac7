import type { AdmissionServer, AdmissionServerOptions } from "./server-options.ts";

/** Starts the HTTPS edge; resolves when it listens. Rejects when a certificate, key, CA or path file is unusable. */
export const startAdmissionServer = async (_options: AdmissionServerOptions): Promise<AdmissionServer> => {
  throw new Error("not written yet");
};
