/** `npm run check`: everything about the code that can be told without running it. */
import { parseArgs } from "node:util";
import { checks } from "./check/checks.ts";
import { runChecks } from "./check/run-checks.ts";

const usage = `Usage: npm run check [-- NAME...]

Runs these checks, or the named ones, and exits 1 when one fails:

${checks.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join("\n")}
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const names = readNames(args);
  if (names === "help") {
    process.stdout.write(usage);
    return 0;
  }
  if (typeof names === "string") {
    process.stderr.write(`check: ${names}\n\n${usage}`);
    return 2;
  }
  const chosen = names.length === 0 ? checks : checks.filter(({ name }) => names.includes(name));
  const failed = await runChecks(chosen, {
    print: (line) => process.stdout.write(`${line}\n`),
    clock: () => performance.now(),
  });
  if (failed.length === 0) return 0;
  process.stderr.write(`check: failed: ${failed.join(", ")}\n`);
  return 1;
}

/** The named checks, "help", or what is wrong with them. */
function readNames(args: readonly string[]): readonly string[] | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h", default: false } },
    });
    if (values.help) return "help";
    const unknown = positionals.find((given) => !checks.some(({ name }) => name === given));
    return unknown === undefined ? positionals : `there is no check "${unknown}"`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
