import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { agentUserName } from "../../../src/api/agents.ts";
import { agentUid, agentName, type Place } from "../population.ts";
import { isReady, launch, type Launched, type LaunchOptions, type Site } from "../site.ts";
import { review } from "../../builders/review.ts";
import { summarise, type StartAnswer, type StartSummary } from "./start-answers.ts";

export interface StartResult extends StartSummary {
  readonly approvals: number;
  /** Milliseconds from the start of the process until /readyz said yes. */
  readonly readyAfter: number;
}

/** A write that the webhook is asked about all the time while it starts. */
export interface Question {
  /** Whether a live approval covers it: only then may the answer ever be an allow. */
  readonly covered: boolean;
  readonly place: Place;
}

/** How long the process is asked on once it is ready. */
const askedOn = 500;
const readyTimeout = 60_000;
const pause = 2;

/**
 * Starts a webhook process and asks it from its first moment on: what it answers before it is ready must be denials.
 * It is asked directly, as the API server would, so that its own answers and those of the API server are not confused.
 */
export async function observeStart(
  site: Site,
  options: LaunchOptions,
  approvals: number,
  questions: readonly Question[],
): Promise<StartResult> {
  const launched = await launch(site, options);
  const answers: StartAnswer[] = [];
  const state = { over: false };
  const asking = questions.map(async (question) => {
    const body = reviewOf(question.place);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!state.over) {
      const answer = await ask(site, launched.port, agent, body);
      if (answer !== undefined) answers.push({ covered: question.covered, ...answer });
      await sleep(pause);
    }
    agent.destroy();
  });
  try {
    const { lastNotReady, ready } = await awaitReady(launched);
    await sleep(askedOn);
    state.over = true;
    await Promise.all(asking);
    return { approvals, readyAfter: ready - launched.begin, ...summarise(answers, { lastNotReady, ready }) };
  } finally {
    state.over = true;
    await launched.child.stop();
  }
}

/** performance.now() of the last look that found it not ready, when that look began, and of the first that did. */
async function awaitReady({
  child,
  telemetry,
  begin,
}: Launched): Promise<{ readonly lastNotReady: number; readonly ready: number }> {
  const state = { ended: false };
  void child.ended.then(() => (state.ended = true));
  for (let lastNotReady = begin; ; await sleep(pause)) {
    const asked = performance.now();
    if (await isReady(telemetry)) return { lastNotReady, ready: performance.now() };
    if (state.ended) throw new Error(`${child.name} ended before it was ready`);
    if (asked - begin > readyTimeout) throw new Error(`${child.name} is not ready after ${readyTimeout} ms`);
    lastNotReady = asked;
  }
}

type GateAnswer = Omit<StartAnswer, "covered">;

/** The gate's answer; undefined when there was none, which the API server makes a refusal of. */
function ask(site: Site, port: number, agent: Agent, body: string): Promise<GateAnswer | undefined> {
  const { path } = site.target(port);
  const sentAt = performance.now();
  return new Promise((resolve) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path: `${path}?timeout=5s`,
        method: "POST",
        ca: site.ca,
        agent,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => resolve(undefined));
        response.on("end", () => {
          const allowed = Buffer.concat(chunks).toString("utf8").includes('"allowed":true');
          resolve({ sentAt, receivedAt: performance.now(), allowed });
        });
      },
    );
    call.on("error", () => resolve(undefined));
    call.end(body);
  });
}

/** What the API server sends when an agent of the population updates a deployment. */
function reviewOf({ agent, namespace, name }: Place): string {
  const deployment = (replicas: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: "7" },
    spec: { replicas },
  });
  const asked = review({
    name,
    namespace,
    userInfo: {
      username: agentUserName({ serviceAccount: { namespace: "agents", name: agentName(agent) } }),
      uid: agentUid(agent),
      groups: ["system:serviceaccounts", "system:serviceaccounts:agents", "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": ["JTI=5f0c2c0e-7c1b-4f5e-9a52-3f6f0f1c2d3e"] },
    },
    object: deployment(4),
    oldObject: deployment(3),
  });
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: asked });
}
