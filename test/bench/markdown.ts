/** What a figure that was not measured prints as. */
const absent = "not in this run";

export function number(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return absent;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A share as a percentage: 0.5 is `50 %`. */
export function percent(value: number): string {
  if (!Number.isFinite(value)) return absent;
  return `${number(100 * value)} %`;
}

export function megabytes(bytes: number): string {
  return number(bytes / 1024 / 1024);
}

/** A table of lines whose columns are parted by ` | `, as is its head. */
export function table(head: string, lines: readonly string[]): string {
  const rule = head
    .split("|")
    .map(() => "---")
    .join(" | ");
  return [head, rule, ...lines].map((line) => `| ${line} |`).join("\n");
}
