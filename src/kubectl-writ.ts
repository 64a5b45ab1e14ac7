#!/usr/bin/env node
import { processConsole } from "./cli/plugin/console.ts";
import { pluginProgram } from "./cli/plugin/run-plugin.ts";
import { runMain } from "./cli/run-main.ts";

runMain(pluginProgram(processConsole()));
