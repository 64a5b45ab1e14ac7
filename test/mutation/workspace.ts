import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutations.ts";

/** What became of the named tests: the first that failed, none, or they could not be run. */
export type Outcome =
  | { readonly kind: "red"; readonly test: string }
  | { readonly kind: "green" }
  | { readonly kind: "broken"; readonly why: string };

/** A copy of the repository's sources in which code can be changed and tests run. */
export interface Workspace {
  readonly run: (tests: readonly string[]) => Promise<Outcome>;
  /** Runs the tests with the mutation applied, and takes it back. */
  readonly mutate: (mutation: Mutation) => Promise<Outcome>;
  readonly remove: () => void;
}

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const repository = fileURLToPath(new URL("../../", import.meta.url));
const copied = [
  "src",
  "crds",
  "docs",
  "manifests",
  "test/builders",
  "test/digests",
  "test/unit",
  "vitest.config.ts",
  "package.json",
  "tsconfig.json",
];

/** A mutant may never end. */
const timeoutMs = 60_000;

export function createWorkspace(): Workspace {
  const dir = mkdtempSync(join(tmpdir(), "writ-mutation-"));
  for (const path of copied) cpSync(join(repository, path), join(dir, path), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(dir, "node_modules"));
  const run: Workspace["run"] = async (tests) => {
    const report = join(dir, "report.json");
    rmSync(report, { force: true });
    const files = tests.map((test) => `test/unit/${test}`);
    const output = await vitest(dir, [
      "--project",
      "unit",
      "--bail=1",
      "--reporter=json",
      `--outputFile=${report}`,
      ...files,
    ]);
    return readReport(report, output);
  };
  return {
    run,
    mutate: async ({ file, source, replacement, tests }) => {
      const path = join(dir, "src", file);
      const original = readFileSync(path, "utf8");
      const found = original.split(source).length - 1;
      if (found !== 1) return { kind: "broken", why: `the source text stands ${found} times in src/${file}` };
      // By function, since a text would take `$` for a pattern.
      writeFileSync(
        path,
        original.replace(source, () => replacement),
      );
      try {
        return await run(tests);
      } finally {
        writeFileSync(path, original);
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Only a test that failed counts: a mutant that cannot be loaded shows nothing. */
function readReport(file: string, output: string): Outcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return { kind: "broken", why: `no report: ${output.trim().split("\n").slice(-3).join(" ")}` };
  }
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = results.find(({ status }) => status === "failed");
  if (failed) return { kind: "red", test: failed.fullName.trim() };
  const [unloaded] = report.testResults.filter(
    ({ assertionResults, message }) => assertionResults.length === 0 || message !== "",
  );
  if (unloaded) return { kind: "broken", why: unloaded.message.split("\n")[0] ?? "" };
  return results.length === 0 ? { kind: "broken", why: "no test ran" } : { kind: "green" };
}

function vitest(cwd: string, args: readonly string[]): Promise<string> {
  const script = join(cwd, "node_modules", "vitest", "vitest.mjs");
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, "run", "--root", cwd, ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.once("error", (error) => resolve(error.message));
    child.once("close", () => resolve(output));
  });
}
