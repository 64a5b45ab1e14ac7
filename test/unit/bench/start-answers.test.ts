import { expect, test } from "vitest";
import { type StartAnswer, summarise } from "../../bench/apiserver/start-answers.ts";

const looks = { lastNotReady: 100, ready: 110 };
const answer = (sentAt: number, allowed: boolean, covered = true): StartAnswer => ({
  covered,
  allowed,
  sentAt,
  receivedAt: sentAt + 1,
});

test("an allow that came before the process was surely ready is told, even of a covered write", () => {
  expect(summarise([answer(50, true), answer(60, false)], looks)).toMatchObject({ allowedBefore: 1, deniedBefore: 1 });
});

test("an allow between the last look that found it not ready and the first that found it ready is no allow before", () => {
  expect(summarise([answer(105, true)], looks)).toMatchObject({ allowedBefore: 0, answersAfter: 0 });
});

test("an allow of what no approval covers is wrong whenever it comes", () => {
  const answers = [answer(50, true, false), answer(105, true, false), answer(120, true, false)];
  expect(summarise(answers, looks)).toMatchObject({ wrongAllows: 3 });
});

test("once it is ready, only the denial of a covered write is wrong", () => {
  const answers = [answer(120, false, true), answer(120, false, false), answer(120, true, true)];
  expect(summarise(answers, looks)).toMatchObject({ answersAfter: 3, wrongDenials: 1, wrongAllows: 0 });
});
