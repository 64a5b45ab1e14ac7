import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inputReasons } from "../../../src/admission/server/input-reason.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";

// Tables are padded by the formatter.
const page = readFileSync(new URL("../../../docs/reference/metrics.md", import.meta.url), "utf8").replaceAll(
  / +/g,
  " ",
);

describe("docs/reference/metrics.md", () => {
  test("lists exactly the metrics of the code, with their types", async () => {
    const documented = [...page.matchAll(/^\| `(writ_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    const exported = metrics
      .filter(({ name }) => name.startsWith("writ_"))
      .map(({ name, type }) => `${name} ${String(type)}`);
    expect(documented.toSorted()).toEqual(exported.toSorted());
  });

  test("lists the labels of every metric", async () => {
    const { admissionReviews, rejectedInput, admissionDuration } = createMetrics();
    for (const [metric, labels] of [
      [admissionReviews, ["endpoint", "verdict", "code"]],
      [admissionDuration, ["endpoint", "phase"]],
      [rejectedInput, ["reason"]],
    ] as const) {
      const { name } = await metric.get();
      const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row).toContain(labels.map((label) => `\`${label}\``).join(", "));
    }
  });

  test("lists exactly the reasons of rejected input", () => {
    const section = page.slice(page.indexOf("## Reasons"), page.indexOf("## What to watch"));
    const documented = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, text]) => [name, text]);
    expect(documented).toEqual(Object.entries(inputReasons));
  });
});

describe("metrics", () => {
  test("two sets share nothing", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.liveReads.inc({ object: "named", result: "ok" });
    expect(await other.registry.metrics()).toContain('writ_live_reads_total{object="named",result="ok"} 0');
    expect(await one.registry.metrics()).toContain('writ_live_reads_total{object="named",result="ok"} 1');
  });

  test("counters with known labels are there before the first event", async () => {
    const text = await createMetrics().registry.metrics();
    expect(text).toContain('writ_ledger_entries_total{kind="decision"} 0');
    expect(text).toContain('writ_admission_handler_errors_total{endpoint="stamps"} 0');
    expect(text).toContain('writ_tls_certificate_reloads_total{result="error"} 0');
    expect(text).toContain('writ_admission_duration_seconds_count{endpoint="gate",phase="total"} 0');
  });
});
