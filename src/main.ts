#!/usr/bin/env -S node --max-semi-space-size=8
import { parseArgs } from "node:util";
import { runWebhook } from "./admission/run-webhook.ts";
import { ConfigurationError } from "./config/config.ts";
import { loadConfiguration } from "./config/load-configuration.ts";
import { ledgerCat } from "./cli/ledger-cat.ts";
import { ledgerUses } from "./cli/ledger-uses.ts";
import { runLint } from "./cli/lint.ts";
import { runMain, UsageError } from "./cli/run-main.ts";
import { severities } from "./lint/severity.ts";
import type { Severity } from "./lint/severity.ts";
import { runOperator } from "./operator/run-operator.ts";
import { createLogger } from "./telemetry/logger.ts";
import type { Logger, LogLevel } from "./telemetry/logger.ts";

const usage = `writ: accountable write authority for AI agents on Kubernetes

Usage:
  writ webhook --config FILE [--log-level LEVEL]    serve gate, guard and stamps
  writ operator --config FILE [--log-level LEVEL]   write the status of Writ's objects
  writ ledger cat DIRECTORY [--json]                print the recorded trail
  writ ledger uses DIRECTORY... [--approval NAMESPACE/NAME] [--kubeconfig FILE] [--json]
                                                    compare counted uses with the record
  writ lint --config FILE [--kubeconfig FILE] [--output text|json] [--fail-on SEVERITY]
                                                    name the ways round Writ (docs/lint.md)
  writ --help

SEVERITY is critical, high, medium, low or none; the default is high. Exit code 3: a finding is at least as bad, or uses
are recorded that no counter explains.
FILE is described in docs/reference/configuration.md.
LEVEL is one of ${["trace", "debug", "info", "warn", "error"].join(", ")}; the default is info.
`;

interface Service {
  readonly close: () => Promise<void>;
  readonly failed: Promise<Error>;
}

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      config: { type: "string" },
      "log-level": { type: "string", default: "info" },
      json: { type: "boolean", default: false },
      approval: { type: "string" },
      kubeconfig: { type: "string" },
      output: { type: "string", default: "text" },
      "fail-on": { type: "string", default: "high" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  switch (command) {
    case "webhook":
    case "operator": {
      if (values.config === undefined) throw new UsageError(`writ ${command} needs --config FILE`);
      if (rest.length > 0) throw new UsageError(`writ ${command} does not know "${rest.join(" ")}"`);
      const log = createLogger({ level: logLevel(values["log-level"]), name: command });
      const configuration = loadConfiguration(values.config);
      return await serve(command === "webhook" ? runWebhook(configuration, log) : runOperator(configuration, log), log);
    }
    case "ledger": {
      const [verb, ...directories] = rest;
      const [directory, ...more] = directories;
      const print = (line: string): unknown => process.stdout.write(`${line}\n`);
      if (verb === "cat" && directory !== undefined && more.length === 0) {
        await ledgerCat(directory, values.json ? "json" : "table", print);
        return 0;
      }
      if (verb === "uses" && directory !== undefined) {
        const { approval, kubeconfig, json } = values;
        const options = {
          directories,
          json,
          print,
          ...(approval === undefined ? {} : { approval }),
          ...(kubeconfig === undefined ? {} : { kubeconfig }),
        };
        return await ledgerUses(options);
      }
      throw new UsageError("expected: writ ledger cat DIRECTORY [--json], or writ ledger uses DIRECTORY...");
    }
    case "lint": {
      if (values.config === undefined) throw new UsageError("writ lint needs --config FILE");
      if (rest.length > 0) throw new UsageError(`writ lint does not know "${rest.join(" ")}"`);
      const output = lintOutput(values.output);
      const failOn = lintThreshold(values["fail-on"]);
      const print = (line: string): unknown => process.stdout.write(`${line}\n`);
      const options = {
        output,
        failOn,
        print,
        ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
      };
      return await runLint(loadConfiguration(values.config), options);
    }
    case undefined:
      throw new UsageError("a command is missing");
    default:
      throw new UsageError(`unknown command "${command}"; known are webhook, operator, ledger and lint`);
  }
}

/** Runs until a signal or a failure; a second signal ends the process at once. */
async function serve(starting: Promise<Service>, log: Logger): Promise<number> {
  const service = await starting;
  const signal = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      process.once(name, () => {
        process.once(name, () => process.exit(130));
        resolve(name);
      });
    }
  });
  const end = await Promise.race([signal, service.failed]);
  if (end instanceof Error) {
    log.fatal({ err: end }, "the ledger cannot be written any more: nothing is admitted, and this process ends");
    // What is under way is denied by its failing record; those answers need a moment to leave.
    await new Promise((resolve) => setTimeout(resolve, 200));
    return 1;
  }
  log.info({ signal: end }, "stopping");
  await service.close();
  return 0;
}

function logLevel(text: string): LogLevel {
  const known: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
  const level = known.find((candidate) => candidate === text);
  if (!level) throw new UsageError(`unknown log level "${text}"; known are ${known.join(", ")}`);
  return level;
}

function lintOutput(text: string): "text" | "json" {
  if (text === "text" || text === "json") return text;
  throw new UsageError(`unknown output "${text}"; known are text and json`);
}

function lintThreshold(text: string): Severity | "none" {
  const known = [...severities.filter((severity) => severity !== "info"), "none"] as const;
  const threshold = known.find((candidate) => candidate === text);
  if (!threshold) throw new UsageError(`unknown severity "${text}"; known are ${known.join(", ")}`);
  return threshold;
}

runMain({
  name: "writ",
  help: "writ --help",
  main,
  describe: (error) => (error instanceof ConfigurationError ? error.message : undefined),
});
