import { asOneLine } from "./terminal-text.ts";

/** The command was typed wrongly; the message says what was expected. */
export class UsageError extends Error {}

export interface Program {
  readonly name: string;
  /** What to type for help. */
  readonly help: string;
  /** Gives the exit code. */
  readonly main: (words: readonly string[]) => Promise<number>;
  /** An error that speaks for itself, whole; undefined for all others, which get one line after the program's name. */
  readonly describe?: (error: unknown) => string | undefined;
}

/** Runs a program to its exit code: 2 for a mistake of usage, 1 for every other error, of which it tells. */
export async function exitCodeOf(
  { name, help, main, describe = () => undefined }: Program,
  words: readonly string[],
  tell: (line: string) => void,
): Promise<number> {
  try {
    return await main(words);
  } catch (error) {
    const usage = isUsageError(error);
    const message = error instanceof Error ? error.message : String(error);
    tell(describe(error) ?? `${name}: ${asOneLine(message)}`);
    if (usage) tell(`See ${help}.`);
    return usage ? 2 : 1;
  }
}

/** Runs a program on the words of its command line and ends the process. */
export function runMain(program: Program): void {
  void exitCodeOf(program, process.argv.slice(2), (line) => void process.stderr.write(`${line}\n`)).then((code) =>
    process.exit(code),
  );
}

/** Our own, and what `parseArgs` of node:util throws (ERR_PARSE_ARGS_*). */
function isUsageError(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}
