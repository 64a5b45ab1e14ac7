/**
 * Takes the checks of decision and admission out one by one, each in a copy of the sources, and asks that a named unit
 * test turns red. Prints a line a mutation and ends with 1 when one survives.
 *
 *     npx node test/mutation/main.ts            # all, some minutes
 *     npx node test/mutation/main.ts guard      # those whose file or name holds the word
 */
import { type Mutation, mutations } from "./mutations.ts";
import { type Outcome, type Workspace, createWorkspace } from "./workspace.ts";

const word = process.argv[2] ?? "";
const chosen = mutations.filter(({ file, name }) => file.includes(word) || name.includes(word));
if (chosen.length === 0) throw new Error(`no mutation has "${word}" in its file or name`);

const workspaces = [createWorkspace(), createWorkspace()];
try {
  process.exitCode = await runAll();
} finally {
  for (const workspace of workspaces) workspace.remove();
}

async function runAll(): Promise<number> {
  const [first] = workspaces;
  const untouched = await first?.run([...new Set(chosen.flatMap(({ tests }) => tests))]);
  if (untouched?.kind !== "green") {
    console.error(`the tests are not green without a mutation: ${JSON.stringify(untouched)}`);
    return 1;
  }
  const queue = [...chosen];
  const survivors: string[] = [];
  const work = async (workspace: Workspace): Promise<void> => {
    for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
      const outcome = await workspace.mutate(mutation);
      if (outcome.kind !== "red") survivors.push(line(mutation, outcome));
      console.log(line(mutation, outcome));
    }
  };
  await Promise.all(workspaces.map(work));
  console.log(`\n${chosen.length - survivors.length} of ${chosen.length} mutations turn a test red`);
  for (const survivor of survivors) console.log(survivor);
  return survivors.length === 0 ? 0 : 1;
}

function line({ file, name }: Mutation, outcome: Outcome): string {
  const what = `src/${file}: no longer ${name}`;
  switch (outcome.kind) {
    case "red":
      return `red       ${what}\n          by "${outcome.test}"`;
    case "green":
      return `SURVIVED  ${what}`;
    case "broken":
      return `BROKEN    ${what}: ${outcome.why}`;
  }
}
