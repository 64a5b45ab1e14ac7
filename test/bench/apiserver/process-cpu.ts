import { readFileSync } from "node:fs";

/** USER_HZ, which Linux fixes at 100 for what it shows to programs. */
const ticksPerSecond = 100;

/** CPU seconds of a running process so far, of all its threads; NaN where there is no /proc or no such process. */
export function cpuSeconds(pid: number): number {
  try {
    return parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return Number.NaN;
  }
}

/** User and system time (fields 14 and 15) of a line of proc_pid_stat(5). */
export function parseCpuSeconds(stat: string): number {
  // The command name may itself hold spaces and parentheses: count from the last ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
