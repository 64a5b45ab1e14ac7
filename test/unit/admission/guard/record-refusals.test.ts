import { describe, expect, test } from "vitest";
import { recordRefusals } from "../../../../src/admission/guard/record-refusals.ts";
import type { Answer, Call } from "../../../../src/admission/handler.ts";
import type { AdmissionRequest } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { review } from "../../../builders/review.ts";

const log = createLogger({ level: "silent", name: "test" });
const refusal: Answer = { allowed: false, code: "NotAPerson", message: "no person", next: "let a person decide" };
const receipt = { writer: "w0", index: 3n, leafHash: Buffer.alloc(32, 7) };

function call(mods: Partial<AdmissionRequest> = {}): Call {
  return { request: review(mods), caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 };
}

/** The answer, and what was recorded for it. */
async function answered(answer: Answer, to: Call): Promise<{ answer: Answer; recorded: object[] }> {
  const recorded: object[] = [];
  const record = async (_: string, spec: object): Promise<typeof receipt> => {
    recorded.push(spec);
    return receipt;
  };
  const handler = recordRefusals(async () => answer, { record, clock: () => 0, log });
  return { answer: await handler(to), recorded };
}

describe("refusals of guard and stamps", () => {
  test("are recorded with who tried what, and say where", async () => {
    const { answer, recorded } = await answered(refusal, call());
    expect(recorded).toMatchObject([
      { verdict: "deny", code: "NotAPerson", user: { username: review().userInfo.username }, operation: "UPDATE" },
    ]);
    expect(answer).toMatchObject({ allowed: false, code: "NotAPerson" });
    expect(Object.values(answer.auditAnnotations ?? {})).toEqual([`w0;3;${"07".repeat(32)}`]);
  });

  test("are not recorded for dry runs, and what is admitted is left to those who admit it", async () => {
    expect((await answered(refusal, call({ dryRun: true }))).recorded).toEqual([]);
    expect((await answered({ allowed: true, code: "Admitted", message: "" }, call())).recorded).toEqual([]);
  });

  test("stand when they cannot be recorded", async () => {
    const record = (): Promise<never> => Promise.reject(new Error("disk full"));
    const handler = recordRefusals(async () => refusal, { record, clock: () => 0, log });
    expect(await handler(call())).toEqual(refusal);
  });
});
