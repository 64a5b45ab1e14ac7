import { expect, test } from "vitest";
import { type CountedWrite, accountForUses } from "../../cluster/replicas/use-account.ts";

const own = (ordinal: number): CountedWrite => ({ object: "web", use: { ordinal } });
const again = (repeats: number): CountedWrite => ({ object: "web", use: { repeats } });
const clean = { unrecorded: [], doubled: [], impossible: [] };

test.each<[string, readonly CountedWrite[], number, object]>([
  ["a record of all uses, in any order", [own(2), own(1), own(3)], 3, clean],
  ["repetitions of recorded uses", [own(1), again(1), again(1)], 1, clean],
  ["uses that were counted and not recorded", [own(2)], 3, { ...clean, unrecorded: [1, 3] }],
  ["a use that only its repetition tells of", [again(1)], 1, { ...clean, unrecorded: [1] }],
  ["a use given twice", [own(1), own(1), own(2)], 2, { ...clean, doubled: [1] }],
  ["a use beyond the counter", [own(1), own(2)], 1, { ...clean, impossible: [2] }],
  ["a use above the limit", [own(1), own(2), own(3), own(4), own(5)], 5, { ...clean, impossible: [5] }],
  ["no use at all", [own(0)], 0, { ...clean, impossible: [0] }],
])("the account of uses tells %s", (_, writes, counter, expected) => {
  expect(accountForUses(writes, counter, 4)).toEqual(expected);
});
