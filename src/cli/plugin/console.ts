import { createInterface } from "node:readline";
import { printable } from "../terminal-text.ts";

/** Where the plugin speaks. Every line is made safe for a terminal on its way out. */
export interface Console {
  readonly print: (line: string) => void;
  /** Beside the output proper: what was done, warnings. */
  readonly note: (line: string) => void;
  /**
   * Asks a question that yes and no answer. "unasked" where there is no terminal to answer at; "interrupted" after
   * Ctrl-C. Everything but a yes is a no.
   */
  readonly confirm: (question: string) => Promise<"yes" | "no" | "unasked" | "interrupted">;
  /** As it is: the text of a file. */
  readonly write: (text: string) => void;
}

export function processConsole(): Console {
  return {
    print: (line) => process.stdout.write(`${printable(line)}\n`),
    note: (line) => process.stderr.write(`${printable(line)}\n`),
    write: (text) => process.stdout.write(text),
    confirm: (question) => {
      if (!process.stdin.isTTY) return Promise.resolve("unasked");
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      return new Promise((resolve) => {
        terminal.once("SIGINT", () => resolve("interrupted"));
        // The end of the input is no yes; after an answer it comes too late to matter.
        terminal.once("close", () => resolve("no"));
        terminal.question(`${printable(question)} [y/N] `, (answer) =>
          resolve(/^y(?:es)?$/i.test(answer.trim()) ? "yes" : "no"),
        );
      }).finally(() => terminal.close()) as Promise<"yes" | "no" | "interrupted">;
    },
  };
}
