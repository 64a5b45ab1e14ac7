import { fields, text } from "./trail.ts";
import type { Fields } from "./trail.ts";

/** The uses of one approval, as the records of all writers tell them. */
export interface UseAccount {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** The limit that the records name; the highest, where they disagree. */
  readonly maxUses: number;
  /** How often each ordinal was recorded as an allow's own use. */
  readonly ordinals: ReadonlyMap<number, number>;
  /** Allows that repeat a use. */
  readonly repetitions: number;
  /** Allows under it that name no use, though others do. */
  readonly uncounted: number;
}

/** An approval's counter as the API server shows it now; `gone` when no approval of that uid is there. */
export type Counter = { readonly kind: "counter"; readonly uses: number } | { readonly kind: "gone" };

export type AlarmCode =
  /** One ordinal, two allows: the counter was written back between them. */
  | "OrdinalTwice"
  /** An ordinal beyond the limit. */
  | "OrdinalAboveLimit"
  /** The counter shows fewer uses than are recorded. */
  | "CounterBelowRecord"
  /** An allow without a use under an approval whose uses are counted. */
  | "AllowUncounted";

export interface Alarm {
  readonly code: AlarmCode;
  /** What is wrong, in a few words. */
  readonly detail: string;
}

/** What is said about an account. */
export interface UseFinding {
  readonly account: UseAccount;
  readonly counter: Counter | undefined;
  /** Counted, and never recorded as a use: the answer was lost with its process, or its record was refused. */
  readonly missing: readonly Range[];
  readonly alarms: readonly Alarm[];
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

interface MutableAccount {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  maxUses: number;
  readonly ordinals: Map<number, number>;
  repetitions: number;
  uncounted: number;
}

/** Gathers accounts from the `spec`s of decisions, in any order. */
export interface UseBook {
  readonly note: (decision: Fields) => void;
  /** Accounts in which a use was recorded, by namespace and name. */
  readonly accounts: () => readonly UseAccount[];
}

export function useBook(): UseBook {
  const accounts = new Map<string, MutableAccount>();
  return {
    note: (decision) => {
      const approval = fields(fields(decision["basis"])["approval"]);
      const uid = text(approval["uid"]);
      if (decision["verdict"] !== "allow" || uid === "") return;
      const account = accounts.get(uid) ?? {
        uid,
        namespace: text(approval["namespace"]),
        name: text(approval["name"]),
        maxUses: 0,
        ordinals: new Map<number, number>(),
        repetitions: 0,
        uncounted: 0,
      };
      accounts.set(uid, account);
      const { ordinal, repeats, of } = fields(decision["use"]);
      if (isCount(of)) account.maxUses = Math.max(account.maxUses, of);
      if (isCount(ordinal)) account.ordinals.set(ordinal, (account.ordinals.get(ordinal) ?? 0) + 1);
      else if (isCount(repeats)) account.repetitions += 1;
      else account.uncounted += 1;
    },
    accounts: () =>
      [...accounts.values()]
        .filter(({ ordinals, repetitions }) => ordinals.size > 0 || repetitions > 0)
        .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name) || compare(a.uid, b.uid)),
  };
}

export function judgeUses(account: UseAccount, counter: Counter | undefined): UseFinding {
  const { ordinals, maxUses, uncounted } = account;
  const highest = [...ordinals.keys()].reduce((most, ordinal) => Math.max(most, ordinal), 0);
  const uses = counter?.kind === "counter" ? counter.uses : highest;
  const twice = [...ordinals].filter(([, times]) => times > 1).map(([ordinal]) => ordinal);
  const above = [...ordinals.keys()].filter((ordinal) => ordinal > maxUses);
  const alarms: Alarm[] = [
    ...(twice.length === 0 ? [] : [alarm("OrdinalTwice", `recorded more than once: ${describeRanges(twice)}`)]),
    ...(above.length === 0 ? [] : [alarm("OrdinalAboveLimit", `beyond ${maxUses}: ${describeRanges(above)}`)]),
    ...(uses >= highest
      ? []
      : [alarm("CounterBelowRecord", `the counter shows ${uses}, and use ${highest} is recorded`)]),
    ...(uncounted === 0 ? [] : [alarm("AllowUncounted", `allows without a use: ${uncounted}`)]),
  ];
  return { account, counter, missing: missingUpTo(Math.max(highest, uses), ordinals), alarms };
}

export function describeRange({ first, last }: Range): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function missingUpTo(last: number, ordinals: ReadonlyMap<number, number>): readonly Range[] {
  const known = [...ordinals.keys(), last + 1].sort((a, b) => a - b);
  let next = 1;
  const missing: Range[] = [];
  for (const ordinal of known) {
    if (ordinal > next) missing.push({ first: next, last: ordinal - 1 });
    next = Math.max(next, ordinal + 1);
  }
  return missing;
}

function describeRanges(ordinals: readonly number[]): string {
  const told = [...ordinals].sort((a, b) => a - b).slice(0, 20);
  return `${told.join(", ")}${ordinals.length > told.length ? ` and ${ordinals.length - told.length} more` : ""}`;
}

function alarm(code: AlarmCode, detail: string): Alarm {
  return { code, detail };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
