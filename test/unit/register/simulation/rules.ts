import { isContinuous, rememberRegister } from "../../../../src/api/register/continuity.ts";
import { intendedChange } from "../../../../src/api/register/intent.ts";
import { namesToRead } from "../../../../src/api/register/names-to-read.ts";
import { prunable, sightEntries } from "../../../../src/api/register/pruning.ts";
import { readRegister } from "../../../../src/api/register/content.ts";

/** The protocol's rules as the simulation follows them; each can be weakened. */
export interface Rules {
  /** Which changes are announced. */
  readonly intendedChange: typeof intendedChange;
  /** When the guard writes into the register. */
  readonly announces: "before the answer" | "after the answer" | "never";
  readonly readRegister: typeof readRegister;
  /** Whether a request may share a read of the register that has begun before it arrived. */
  readonly sharesRunningRead: boolean;
  readonly namesToRead: typeof namesToRead;
  readonly rememberRegister: typeof rememberRegister;
  readonly isContinuous: typeof isContinuous;
  /** Whether a gate notes which register is there before it fills its caches. */
  readonly looksAtStart: boolean;
  /** Whether the guard marks a register that it makes, and one that it empties. */
  readonly marks: { readonly made: boolean; readonly emptied: boolean };
  /** Whether the cache of a silent watch proves something. */
  readonly trustsSilence: boolean;
  /** Whether lines that come after a silence end it. */
  readonly lateLinesCount: boolean;
  readonly sightEntries: typeof sightEntries;
  readonly prunable: typeof prunable;
  /** Whether pruning takes an entry out only if it still has the value that was seen. */
  readonly prunesTested: boolean;
}

export const rules: Rules = {
  intendedChange,
  announces: "before the answer",
  readRegister,
  sharesRunningRead: false,
  namesToRead,
  rememberRegister,
  isContinuous,
  looksAtStart: true,
  marks: { made: true, emptied: true },
  trustsSilence: false,
  lateLinesCount: false,
  sightEntries,
  prunable,
  prunesTested: true,
};
