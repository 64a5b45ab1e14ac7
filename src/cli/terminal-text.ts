/**
 * Control and format characters (Unicode Cc and Cf) and the two line separators: a name from a cluster or a file must
 * not move a terminal's cursor, forge a second line or turn the reading direction.
 */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** One line that is safe to print, whatever it was made of. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(unprintable, "?");
}

/** A text of several lines as one, its parts set apart by spaces. */
export function asOneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s*[\r\n]+\s*/g, " "));
}
