/** `npm run demo`: an agent asks, people decide, on a real control plane, told step by step. */
import { parseArgs } from "node:util";
import { type Components, ensureControlPlane } from "../test/control-plane/binary.ts";
import { type ControlPlane, startControlPlane } from "../test/control-plane/control-plane.ts";
import { type Writ, startWrit } from "../test/control-plane/writ-cluster.ts";
import { type Scene, createScene } from "./demo/scene.ts";
import { setStage } from "./demo/stage.ts";
import { tellStory } from "./demo/story.ts";
import { type Terminal, createTerminal, wantsColour } from "./demo/terminal.ts";

const usage = `Usage: npm run demo [-- --keep]

Brings up etcd, kube-apiserver, kube-controller-manager and Writ on 127.0.0.1, and shows with real kubectl how an
agent's write is refused, requested, approved, suspended and rejected, and what is on record afterwards. Each step is
checked: the demo ends with exit code 1 and names the step that did not go as told. It leaves nothing behind.

  --keep   leave the cluster up at the end, until Ctrl-C
  --help   this text

The first run builds the control plane with Go, once, which takes minutes. NO_COLOR turns colours off.
`;

const widest = 112;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  if (typeof options === "string") {
    process.stderr.write(`demo: ${options}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const terminal = createTerminal({
    write: (text) => process.stdout.write(text),
    colour: wantsColour(process.stdout.isTTY, process.env),
    width: Math.min(process.stdout.columns ?? widest, widest),
  });
  const end = interruptible();
  try {
    await run(options, terminal, end.signal);
  } catch (error) {
    if (end.signal.aborted) process.exitCode = 130;
    else {
      terminal.failed(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }
  }
  // The handlers of signals and pending waits must not hold the process.
  process.exit();
}

/** The options, "help", or what is wrong with them. */
function readOptions(args: readonly string[]): { readonly keep: boolean } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { keep: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
    });
    return values.help ? "help" : { keep: values.keep };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Aborted by the first signal, or when nobody reads the output any more; the second signal ends at once. */
function interruptible(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error("interrupted"));
    });
  }
  process.stdout.on("error", () => controller.abort(new Error("nobody reads the output")));
  return controller;
}

async function run(options: { readonly keep: boolean }, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  // It is raced below, but must not count as unhandled in between.
  interrupted.catch(() => {});
  terminal.plain("Writ: an agent asks, people decide. Real control plane, real kubectl, real tokens.\n");
  const began = Date.now();
  const components = await Promise.race([ensureControlPlane(), interrupted]);
  terminal.plain("Starting etcd, kube-apiserver and kube-controller-manager, and installing Writ (about 10 s) ...");
  // Interrupted before it is there: its supervisor sees the end of this process and cleans up.
  const cluster = await Promise.race([startControlPlane({ controllerManager: true }), interrupted]);
  try {
    const writ = await Promise.race([startWrit(cluster), interrupted]);
    const scene = await Promise.race([play(cluster, writ, components, terminal, signal), interrupted]);
    const seconds = Math.round((Date.now() - began) / 1_000);
    terminal.plain(`\nAll ${scene.steps} steps went as told, in ${seconds} s from nothing.`);
    if (options.keep) {
      await Promise.race([writ.webhook.restart(), interrupted]);
      await keepUp(cluster, terminal, interrupted);
    }
  } finally {
    await cluster.stop();
  }
}

async function play(
  cluster: ControlPlane,
  writ: Writ,
  components: Components,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Scene> {
  const type = await setStage(cluster, components, signal);
  const scene = createScene(terminal, type, signal);
  await tellStory({ scene, terminal, webhook: writ.webhook, ledgerDir: writ.ledgerDir });
  return scene;
}

async function keepUp(cluster: ControlPlane, terminal: Terminal, interrupted: Promise<never>): Promise<void> {
  terminal.plain("\nThe cluster stays up until Ctrl-C. Contexts: admin, alice, bob, carol, payments-bot.");
  terminal.plain(`KUBECONFIG=${cluster.kubeconfig}`);
  // Signal handlers alone do not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  await interrupted.catch(() => {});
  clearInterval(alive);
}
