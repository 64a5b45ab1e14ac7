import type { Alteration } from "../../control-plane/altered-writ.ts";

const restsOn = "function restsOn(verdict: Verdict): ObjectNames {";

/** The verdict of the cache stands: no allow is shown to be current. */
export const provesNothing: Alteration = {
  file: "admission/prove.ts",
  source: restsOn,
  replacement: `${restsOn}
  if (verdict.kind === "allow") return { owners: [], capabilities: [], approvals: [] };`,
};

/** In milliseconds: how long each kind's events take to reach the cache. Different, so that they overtake each other. */
const lags = { identityowners: 300, agentcapabilities: 150, elevationapprovals: 75 } as const;

/** Watches lag by far more than a real one, in all replicas but the second: its cache knows what the others do not. */
export const watchesLag: Alteration = {
  file: "kube/watch-session.ts",
  source: `    if (event.kind === "change") options.store.apply(event.change);
    else options.store.bookmark(event.resourceVersion);
`,
  replacement: `    const lags: Record<string, number> = ${JSON.stringify(lags)};
    const lag = process.argv.some((word) => word.endsWith("/webhook-1.yaml")) ? 0 : (lags[resource.plural] ?? 0);
    setTimeout(() => {
      if (over) return;
      if (event.kind === "change") options.store.apply(event.change);
      else options.store.bookmark(event.resourceVersion);
    }, lag);
`,
};

const run = `  async function run(): Promise<void> {
`;

/** A process that starts learns of the objects a second and a half later than it could. */
export const knowsLate: Alteration = {
  file: "kube/reflector.ts",
  source: run,
  replacement: `${run}    await new Promise((resolve) => setTimeout(resolve, 1_500));
`,
};
