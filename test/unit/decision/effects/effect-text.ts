import { effectResource } from "../../../../src/api/effect.ts";
import type { Effect } from "../../../../src/api/effect.ts";
import type { AdmissionRequest, JsonObject } from "../../../../src/decision/admission-request.ts";
import { effectsOf } from "../../../../src/decision/effects/effects.ts";
import { writeRequest } from "../../../builders/review.ts";

/** An effect in a few words, as docs/reference/effects.md writes it: `delete pods web`, `use nodes`. */
export function effectText(effect: Effect): string {
  const group = effect.group === "" ? "" : `${effect.group}/`;
  return `${effect.verb} ${group}${effectResource(effect)}${effect.name === "" ? "" : ` ${effect.name}`}`;
}

/** What a request does, its own effect first. */
export function effectTexts(mods: Partial<AdmissionRequest>): readonly string[] {
  return effectsOf(writeRequest(mods)).map(effectText);
}

/** What a pod of this spec uses, when it is created in payments-prod. */
export function podUses(spec: JsonObject): readonly string[] {
  return usesOfCreated("/pods", { metadata: { name: "web" }, spec });
}

/** What the creation of an object uses; `resource` as `GROUP/PLURAL`. */
export function usesOfCreated(resource: string, object: JsonObject): readonly string[] {
  return effectTexts({ operation: "CREATE", ...resourceOf(resource), object, oldObject: null }).slice(1);
}

/** What an update uses or deletes beside itself. */
export function moreOfUpdate(resource: string, oldObject: JsonObject, object: JsonObject): readonly string[] {
  return effectTexts({ operation: "UPDATE", ...resourceOf(resource), object, oldObject }).slice(1);
}

/** `apps/deployments/scale` or `/pods` as a review names it, version v1. */
export function resourceOf(text: string): Pick<AdmissionRequest, "resource" | "subResource"> {
  const [group = "", resource = "", subResource = ""] = text.split("/");
  return { resource: { group, version: "v1", resource }, subResource };
}
