import { expect, test } from "vitest";
import { parseWatchEvent } from "../../../src/kube/watch-event.ts";

test("who owns which field is left out of every object, and nothing else", () => {
  const metadata = { name: "a", uid: "u", resourceVersion: "7", labels: { x: "y" } };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...metadata, managedFields: [{ manager: "m" }] } };
  const resource = { group: "", version: "v1", plural: "configmaps", namespaced: false };
  const event = parseWatchEvent(JSON.stringify({ type: "ADDED", object }), resource);
  expect(event).toMatchObject({ kind: "change", change: { object: { metadata } } });
  expect(JSON.stringify(event)).not.toContain("managedFields");
});
