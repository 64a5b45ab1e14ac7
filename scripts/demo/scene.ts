import { setTimeout as sleep } from "node:timers/promises";
import { type Expectation, type Outcome, describeExpectation, isMet, reasonCodeIn } from "./expectation.ts";
import type { Terminal } from "./terminal.ts";

export type Person = "alice" | "bob" | "carol" | "payments-bot";

/** What a story is told with. Each call prints what it does; the first that does not go as told throws. */
export interface Scene {
  step(title: string): void;
  tell(sentence: string): void;
  /** Types a command and checks its outcome; gives what it printed. */
  run(person: Person, line: string, expected: Expectation): Promise<string>;
  /**
   * The same where something has to arrive first (a grant, a status): tries until it is as expected, for ten seconds.
   * Never for what revokes: that has to hold at once.
   */
  runOnceSettled(person: Person, line: string, expected: Expectation): Promise<string>;
  /** @throws StepFailed when the claim is not true. */
  check(claim: string, isTrue: boolean): void;
  /** Reason codes of the gate's denials so far, in their order. */
  readonly denials: readonly string[];
  readonly steps: number;
}

/** A step that did not go as told. */
export class StepFailed extends Error {}

const settleMs = 10_000;
const pollMs = 100;

export function createScene(
  terminal: Terminal,
  type: (person: Person, line: string) => Promise<Outcome>,
  signal: AbortSignal,
): Scene {
  const denials: string[] = [];
  const current = { number: 0, title: "" };

  const fail = (what: string): never => {
    throw new StepFailed(`step ${current.number} (${current.title}) did not go as told: ${what}`);
  };
  const attempt = async (person: Person, line: string): Promise<Outcome> => {
    signal.throwIfAborted();
    const outcome = await type(person, line);
    // What was cut short by the end of the demo is no outcome.
    signal.throwIfAborted();
    const code = reasonCodeIn(outcome.output);
    if (code !== undefined && outcome.output.includes('"gate.writ.dev"')) denials.push(code);
    return outcome;
  };
  const conclude = (person: Person, line: string, expected: Expectation, outcome: Outcome): string => {
    terminal.command(person, line);
    terminal.output(outcome.output);
    if (!isMet(expected, outcome)) {
      fail(`expected ${describeExpectation(expected)}; \`${line}\` by ${person} ended with exit code ${outcome.code}`);
    }
    if (expected.kind === "refused") terminal.passed(`refused: ${expected.code}`);
    return outcome.output;
  };

  return {
    denials,
    get steps() {
      return current.number;
    },
    step(title) {
      Object.assign(current, { number: current.number + 1, title });
      terminal.heading(`${current.number}. ${title}`);
    },
    tell: (sentence) => terminal.tell(sentence),
    run: async (person, line, expected) => conclude(person, line, expected, await attempt(person, line)),
    async runOnceSettled(person, line, expected) {
      const deadline = Date.now() + settleMs;
      let outcome = await attempt(person, line);
      while (!isMet(expected, outcome) && Date.now() < deadline) {
        await sleep(pollMs, undefined, { signal });
        outcome = await attempt(person, line);
      }
      return conclude(person, line, expected, outcome);
    },
    check(claim, isTrue) {
      if (isTrue) terminal.passed(claim);
      else fail(`it is not true that ${claim}`);
    },
  };
}
