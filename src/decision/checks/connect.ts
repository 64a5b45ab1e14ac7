import { deny } from "../deny.ts";
import { describeEffect } from "../describe.ts";
import type { Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";

/** CONNECT is never grantable: admission sees neither the bytes nor the HTTP verb behind it. */
export function checkConnect({ effects, agent }: Facts): Denial | undefined {
  const effect = effects.find(({ verb }) => verb === "connect");
  if (!effect) return undefined;
  return deny(
    "ConnectNotGrantable",
    `${agent} may not ${describeEffect(effect)}: no rule grants it`,
    "let a person do it",
  );
}
