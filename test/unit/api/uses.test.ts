import { expect, test } from "vitest";
import { usesOf } from "../../../src/api/uses.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";

test.each<readonly [string, unknown, number]>([
  ["without a status", undefined, 0],
  ["without a counter", {}, 0],
  ["of null", { uses: null }, 0],
  ["of no use", { uses: 0 }, 0],
  ["of some", { uses: 3 }, 3],
  ["below nothing", { uses: -1 }, Number.POSITIVE_INFINITY],
  ["of a part", { uses: 1.5 }, Number.POSITIVE_INFINITY],
  ["beyond what can be told apart", { uses: 2 ** 53 }, Number.POSITIVE_INFINITY],
  ["of a text", { uses: "3" }, Number.POSITIVE_INFINITY],
])("a counter %s", (_, status, uses) => {
  expect(usesOf({ status } as ElevationApproval)).toBe(uses);
});
