/** Writes the reference page of `kubectl writ` from its help texts. */
import { helpText, verbs } from "../../src/cli/plugin/help.ts";

export function pluginReference(): string {
  return [
    "<!-- Generated from src/cli/plugin/help.ts by `npm run generate`. Do not edit. -->",
    "# kubectl writ",
    "The plugin saves typing: [everything can be done with plain kubectl](../review.md), but for signing. `kubectl` finds it as `kubectl-writ` on PATH ([install](../install.md#the-plugin)).",
    "Exit codes: 0 done; 1 not done, with one line that says why; 2 a mistake of usage; 130 Ctrl-C at the question. Output goes to stdout, notes and errors to stderr. Control characters in names and texts from a cluster or a file are printed as `?`.",
    ...verbs.flatMap((verb) => [`## ${verb.verb}`, `\`\`\`text\n${helpText(verb)}\`\`\``]),
  ]
    .join("\n\n")
    .concat("\n");
}
