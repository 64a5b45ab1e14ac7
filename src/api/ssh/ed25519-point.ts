/** The field and the curve constant of edwards25519 (RFC 8032 section 5.1). */
const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** The y of the points whose order divides 8. For such a key everybody can make a signature, of any message. */
const smallOrder: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  p - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/**
 * Why 32 bytes are no public key of Ed25519, as a clause that follows "the key's point". Libraries look late, if at
 * all: an unusable key would only show as a signature that does not verify.
 */
export function ed25519PointProblem(encoded: Buffer): string | undefined {
  const y = BigInt(`0x${Buffer.from(encoded.toReversed()).toString("hex")}`) & (2n ** 255n - 1n);
  if (y >= p) return "is not canonical: its coordinate is not below 2^255 - 19";
  if (smallOrder.has(y)) return "has a small order, so that anybody could sign for it";
  // x² = (y² - 1) / (d y² + 1) has a root where the product of the two is a square (Euler's criterion).
  const square = (y * y) % p;
  const product = ((square - 1n) * (d * square + 1n)) % p;
  return power(product, (p - 1n) / 2n) === 1n ? undefined : "is not on the curve";
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, rest] = [base, exponent]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}
