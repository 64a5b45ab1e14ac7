import { UsageError } from "../run-main.ts";
import type { Program } from "../run-main.ts";
import { openCluster } from "./cluster.ts";
import type { Console } from "./console.ts";
import { decide } from "./decide.ts";
import { helpText, overview, verbs } from "./help.ts";
import { readInvocation } from "./options.ts";
import { sign } from "./sign.ts";
import { verifyDecisions } from "./verify-decisions.ts";

/** The plugin of kubectl, `kubectl writ`. */
export function pluginProgram(console: Console): Program {
  return { name: "kubectl-writ", help: "kubectl writ --help", main: (words) => runPlugin(words, console) };
}

async function runPlugin(words: readonly string[], console: Console): Promise<number> {
  const invocation = readInvocation(words);
  switch (invocation.verb) {
    case "help": {
      const verb = verbs.find(({ verb }) => verb === invocation.of);
      if (!verb && invocation.of !== undefined) throw new UsageError(`there is no verb "${invocation.of}"`);
      console.write(verb ? helpText(verb) : overview);
      return 0;
    }
    case "decide":
      return await decide(invocation.options, await openCluster(invocation.options), console);
    case "sign":
      return await sign(invocation.options, console);
    case "verify-decision":
      return await verifyDecisions(invocation.options, console);
  }
}
