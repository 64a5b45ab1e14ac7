import { expect, test } from "vitest";
import { webhookReadiness, type WebhookStage } from "../../../src/admission/readiness.ts";

const unsynced = "cache of identityowners is not synced";
const quiet = "the watch of identityowners has shown nothing for too long";

test.each<[WebhookStage, readonly string[], readonly string[], readonly string[]]>([
  ["serving", [], [], []],
  ["starting", [], [], ["does not listen yet"]],
  ["closing", [], [], ["shutting down"]],
  ["serving", [unsynced], [], [unsynced]],
  ["serving", [], [quiet], [quiet]],
  ["starting", [unsynced], [quiet], [unsynced, quiet, "does not listen yet"]],
])("a webhook that is %s, with problems %j and silent watches %j, says %j", (stage, problems, silent, said) => {
  const readiness = webhookReadiness(stage, { problems: () => problems, silent: () => silent });
  expect(readiness).toEqual({ ready: said.length === 0, problems: said });
});
