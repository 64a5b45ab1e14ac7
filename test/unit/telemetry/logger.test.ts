import { describe, expect, test } from "vitest";
import { createLogger } from "../../../src/telemetry/logger.ts";

const logged = (write: (log: ReturnType<typeof createLogger>) => void, level: "info" | "warn" = "info"): string => {
  const lines: string[] = [];
  write(createLogger({ level, name: "webhook", destination: { write: (line) => void lines.push(line) } }));
  return lines.join("");
};

describe("the log", () => {
  test("is one JSON object a line with name, level and an RFC 3339 time", () => {
    const entry: unknown = JSON.parse(logged((log) => log.info({ uid: "u" }, "decided")));
    expect(entry).toMatchObject({ name: "webhook", level: "info", uid: "u", msg: "decided" });
    expect(entry).toHaveProperty("time", expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/));
  });

  test.each(["token", "authorization", "password", "object", "data", "attestation", "body"])(
    "never shows %s, at the top or two levels down",
    (key) => {
      const text = logged((log) => log.info({ [key]: "hush", a: { [key]: "hush", b: { [key]: "hush" } } }, "x"));
      expect(text).not.toContain("hush");
    },
  );

  test("is silent below its level", () => {
    expect(logged((log) => log.info("x"), "warn")).toBe("");
  });
});
