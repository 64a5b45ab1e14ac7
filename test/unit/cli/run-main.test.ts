import { parseArgs } from "node:util";
import { expect, test } from "vitest";
import { exitCodeOf, UsageError } from "../../../src/cli/run-main.ts";

const run = async (main: () => Promise<number>, describe?: (error: unknown) => string | undefined) => {
  const told: string[] = [];
  const program = { name: "writ", help: "writ --help", main, ...(describe === undefined ? {} : { describe }) };
  return { code: await exitCodeOf(program, [], (line) => told.push(line)), told };
};

test("a program ends with its own code", async () => {
  expect(await run(() => Promise.resolve(3))).toEqual({ code: 3, told: [] });
});

test.each([
  () => Promise.reject(new UsageError("what?")),
  () => Promise.resolve(parseArgs({ args: ["--what"], options: {} })).then(() => 0),
  async () => await Promise.resolve(Number(parseArgs({ args: ["x"], options: {} }))),
])("a mistake of usage is 2, and says where help is", async (main) => {
  const { code, told } = await run(async () => await main());
  expect({ code, last: told.at(-1) }).toEqual({ code: 2, last: "See writ --help." });
});

test("every other error is 1 and one line without control characters", async () => {
  const { code, told } = await run(() => Promise.reject(new TypeError("a\n  b\u001B[2J\u202Ec")));
  expect({ code, told }).toEqual({ code: 1, told: ["writ: a b?[2J?c"] });
});

test("an error that speaks for itself is told whole", async () => {
  expect(
    await run(
      () => Promise.reject(new Error("x")),
      () => "one\ntwo",
    ),
  ).toEqual({ code: 1, told: ["one\ntwo"] });
});
