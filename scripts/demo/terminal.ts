/** Prints the demo. One method for each kind of line, so that the story holds no layout. */
export interface Terminal {
  heading(text: string): void;
  /** One sentence of the narrator. */
  tell(text: string): void;
  /** A command as typed, behind the name of who types it. */
  command(person: string, line: string): void;
  /** What the command printed, cut to what a reader needs. */
  output(text: string): void;
  passed(text: string): void;
  failed(text: string): void;
  /** As it is. */
  plain(text: string): void;
}

export interface TerminalOptions {
  readonly write: (text: string) => void;
  readonly colour: boolean;
  /** Columns. */
  readonly width: number;
}

const indent = "   ";
const maxOutputLines = 14;
const maxWordLength = 120;

type Style = (text: string) => string;

export function createTerminal({ write, colour, width }: TerminalOptions): Terminal {
  const style = (open: number, close: number): Style =>
    colour ? (text) => `\u001B[${open}m${text}\u001B[${close}m` : (text) => text;
  const [bold, dim, red, green, cyan] = [style(1, 22), style(2, 22), style(31, 39), style(32, 39), style(36, 39)];
  const print = (lines: readonly string[]): void => write(lines.map((line) => `${line}\n`).join(""));
  const block = (text: string, look: Style, mark = ""): void =>
    print(wrap(text, width - indent.length - mark.length).map((line) => `${indent}${mark}${look(line)}`));
  return {
    heading: (text) => print(["", bold(text)]),
    tell: (text) => block(text, (line) => line),
    command: (person, line) => print([`${indent}${cyan(`${person} $`)} ${bold(line)}`]),
    output: (text) => {
      for (const line of shorten(text)) block(line, dim, "| ");
    },
    passed: (text) => print([`${indent}${green("✓")} ${text}`]),
    failed: (text) => print(["", red(`✗ ${text}`)]),
    plain: (text) => print([text]),
  };
}

/** Colour on a terminal only, and not against the reader's wish (https://no-color.org). */
export function wantsColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/** Breaks at spaces; a word longer than the width stays whole, so that it can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  // Columns of a table are told apart by more than one space: such a line keeps its shape.
  if (/\S {2,}\S/.test(text)) return [text];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The lines of an output, with the middle of overlong words and all beyond a screenful left out. */
export function shorten(text: string): readonly string[] {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => line.replaceAll(/\S+/g, shortenWord));
  if (lines.length <= maxOutputLines) return lines;
  return [...lines.slice(0, maxOutputLines), `[${lines.length - maxOutputLines} more lines]`];
}

function shortenWord(word: string): string {
  return word.length <= maxWordLength ? word : `${word.slice(0, 62)}[…]${word.slice(-18)}`;
}
