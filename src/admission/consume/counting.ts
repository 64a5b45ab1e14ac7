import type { ElevationApproval } from "../../api/types.gen.ts";
import { systemClock } from "../../kube/clock.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { LiveReader } from "../live-reader.ts";
import { createConsumeUse } from "./consume-use.ts";
import type { CountingOptions } from "./count-verdict.ts";
import { rememberUses } from "./remembered-uses.ts";
import { createSwapUses } from "./swap-uses.ts";

/** Some 6 MiB at most. */
const rememberedUses = 16_384;

/** The counting of uses as one webhook process does it. */
export function createCounting(options: {
  readonly client: KubeClient;
  readonly reader: LiveReader;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: () => number;
  readonly hasIntent: (approval: ElevationApproval) => boolean;
}): CountingOptions {
  const { client, reader, metrics, log, clock, hasIntent } = options;
  const swap = createSwapUses(client, metrics, log);
  return {
    consume: createConsumeUse({ swap, clock, timers: systemClock, random: Math.random, hasIntent }),
    remembered: rememberUses(rememberedUses),
    reader,
    timers: systemClock,
  };
}
