import type { Answer, Ask, Request, Result, Serving } from "./messages.ts";

/**
 * The child's end of the benchmark's IPC. Preloaded into every child (`--import`): answers for its resources, and ends
 * it when the parent has gone, so that nothing is left running.
 */
export function answerAsks(serve: (ask: Ask) => Promise<Result> | undefined): void {
  process.on("message", (request: Request) => {
    const work = serve(request);
    if (work === undefined) return;
    work.then(
      (result) => reply({ id: request.id, result }),
      (error: unknown) => reply({ id: request.id, error: String(error) }),
    );
  });
}

export function announce(port: number): void {
  const message: Serving = { serving: true, port };
  process.send?.(message);
}

function reply(answer: Answer): void {
  process.send?.(answer);
}
