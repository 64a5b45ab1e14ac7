/** For so long an intent stays in the register at least, in milliseconds. */
export const intentLife = 600_000;

/** What a reader remembers of the register between two reads. */
export interface RegisterMemory {
  /** Absent: it was missing when last looked for. */
  readonly uid: string | undefined;
  /** When it was last seen to be missing or another one; a monotonic clock, milliseconds. */
  readonly brokenAt: number | undefined;
}

/**
 * Notes which register was there, or that none was. One that takes the place of another lacks what that one held, and a
 * change whose intent is lost may still be on its way.
 */
export function rememberRegister(
  memory: RegisterMemory | undefined,
  uid: string | undefined,
  now: number,
): RegisterMemory {
  if (uid === undefined) return { uid, brokenAt: now };
  if (!memory) return { uid, brokenAt: undefined };
  return memory.uid === uid ? memory : { uid, brokenAt: now };
}

/** Whether the register has been the same one for as long as an intent matters. */
export function isContinuous({ uid, brokenAt }: RegisterMemory, now: number): boolean {
  return uid !== undefined && (brokenAt === undefined || now - brokenAt >= intentLife);
}
