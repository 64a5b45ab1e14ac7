import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSources, structureProblems } from "./structure.ts";

export interface Check {
  readonly name: string;
  readonly what: string;
  /** The command that does the same again. */
  readonly repeat: string;
  /** What is wrong, as text to print; undefined when nothing is. */
  readonly run: () => Promise<string | undefined>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** All checks, in the order in which they run. */
export const checks: readonly Check[] = [
  tool("types", "the compiler is content", ["tsc"]),
  tool("lint", "lint with types, and the import rules", ["oxlint", "--type-aware"]),
  tool("format", "every file is formatted", ["prettier", "--check", "."]),
  tool("unused", "no unused file, export or dependency", ["knip", "--no-progress"]),
  tool("generated", "types and kinds.md are what crds/ generates", ["node", "scripts/generate.ts", "--check"]),
  tool("errors", "errors.md is what the tables of codes generate", ["node", "scripts/errors-reference.ts", "--check"]),
  {
    name: "structure",
    what: "no file in src is too long, every reason code is documented",
    repeat: "npm run check -- structure",
    run: () => {
      const problems = structureProblems(readSources(root));
      return Promise.resolve(problems.length === 0 ? undefined : problems.join("\n"));
    },
  },
];

function tool(name: string, what: string, command: readonly string[]): Check {
  return { name, what, repeat: `npx ${command.join(" ")}`, run: () => output(command) };
}

/** What a command prints when it fails; undefined when it succeeds. */
function output([file = "", ...args]: readonly string[]): Promise<string | undefined> {
  // The tools start `node` from PATH, where an older one may come first.
  const path = [join(root, "node_modules", ".bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: root,
      // Nobody sees colours in captured output but as escape sequences.
      env: { ...process.env, PATH: path.join(delimiter), NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { text: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (printed.text += text));
    }
    child.once("error", (error) => resolve(`${file} cannot be started: ${error.message}; run npm ci`));
    child.once("close", (code, signal) =>
      resolve(code === 0 ? undefined : printed.text.trim() || `${file} ended with ${signal ?? `code ${code}`}`),
    );
  });
}
