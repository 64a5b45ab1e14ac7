/** At least this much randomness: below it a Secret's value could be found by trying. */
const minBits = 128;
const maxLength = 128;

/**
 * Why a text cannot be the salt of a change digest, as a sentence; undefined when it can. Hexadecimal digits carry 4 bits
 * each, those of base64 (either alphabet, padded or not) 6. Whether they are random nobody can see.
 */
export function saltProblem(salt: string): string | undefined {
  const ask = `give at least ${minBits} random bits as 32 hexadecimal or 22 base64 digits, at most ${maxLength} characters`;
  if (salt.length > maxLength) return `the salt has ${salt.length} characters: ${ask}`;
  const digits = /^([A-Za-z0-9_+/-]+)={0,2}$/.exec(salt)?.[1];
  if (digits === undefined) return `the salt is neither hexadecimal nor base64: ${ask}`;
  const bits = digits.length * (/^[0-9a-fA-F]+$/.test(digits) ? 4 : 6);
  return bits < minBits ? `the salt has ${bits} bits: ${ask}` : undefined;
}
