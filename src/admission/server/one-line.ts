/**
 * Control and format characters (Unicode Cc and Cf) and the two line separators. A name in a message may come from an
 * attacker: it must not move a terminal's cursor, forge a second line or turn the reading direction.
 */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const escape = (character: string): string => {
  switch (character) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      return `\\u{${character.codePointAt(0)?.toString(16) ?? "fffd"}}`;
  }
};

/** The first `maximum` UTF-16 units of `text`, one fewer where that would halve a surrogate pair. */
export const cutCodePoints = (text: string, maximum: number): string => {
  if (text.length <= maximum) return text;
  const last = text.charCodeAt(maximum - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maximum - 1 : maximum);
};

/** `text` as one line of printable, well-formed characters, at most `maximum` UTF-16 units long. */
export const oneLine = (text: string, maximum: number): string =>
  cutCodePoints(cutCodePoints(text, maximum).toWellFormed().replaceAll(unprintable, escape), maximum);
