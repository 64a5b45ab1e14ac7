import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freePort } from "../../control-plane/ports.ts";

const inAnotherProcess = `
  const { freePort } = await import(process.argv[1]);
  console.log(JSON.stringify(await Promise.all(Array.from({ length: 250 }, freePort))));
`;

test("no port is given twice before it is used, by this process or by another", async () => {
  const ours = await Promise.all(Array.from({ length: 250 }, freePort));
  const ports = new URL("../../control-plane/ports.ts", import.meta.url).href;
  const command = ["--input-type=module", "-e", inAnotherProcess, ports];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  const theirs = JSON.parse(stdout) as readonly number[];
  expect(theirs).toHaveLength(250);
  expect(new Set([...ours, ...theirs]).size).toBe(500);
});
