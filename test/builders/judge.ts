import type { AdmissionRequest } from "../../src/decision/admission-request.ts";
import { decide } from "../../src/decision/decide.ts";
import type { DecisionSettings } from "../../src/decision/facts.ts";
import type { Denial, Verdict } from "../../src/decision/verdict.ts";
import { ours } from "./installation.ts";
import { writeRequest } from "./review.ts";
import { after, minute } from "./time.ts";
import { snapshot } from "./world.ts";
import type { World } from "./world.ts";

/** What is judged: the world of the builders with these objects in place of its own, two minutes after creation. */
export interface Scene extends Partial<World> {
  readonly review?: Partial<AdmissionRequest>;
  readonly now?: number;
  readonly settings?: Partial<DecisionSettings>;
}

export function judge({ review, now = after(2 * minute), settings, ...world }: Scene = {}): Verdict {
  return decide({
    request: writeRequest(review),
    snapshot: snapshot(world),
    settings: { ...ours.settings, ...settings },
    now,
  });
}

/** The denial of the scene. @throws if it is allowed. */
export function denial(scene: Scene): Denial {
  const verdict = judge(scene);
  if (verdict.kind === "allow") throw new Error(`allowed: ${verdict.code}`);
  return verdict;
}
