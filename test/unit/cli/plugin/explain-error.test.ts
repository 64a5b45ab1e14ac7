import { expect, test } from "vitest";
import { explainError } from "../../../../src/cli/plugin/explain-error.ts";
import { KubeError } from "../../../../src/kube/client.ts";

const at = { server: "https://api.example.com", namespace: "prod" };
const told = (status: number, reason: string, message: string): string =>
  (explainError(new KubeError({ status, reason, message }), at) as Error).message;

test.each([
  [
    403,
    "Forbidden",
    'admission webhook "stamps.writ.dev" denied the request: NotAMember: no\nNext: ask',
    /^NotAMember: no\nNext: ask$/,
  ],
  [
    403,
    "Forbidden",
    'elevationapprovals.writ.dev "x" is forbidden: User "carol" cannot patch resource "elevationapprovals" in API group "writ.dev"',
    /ask .* for the role writ-approver$/,
  ],
  [
    403,
    "Forbidden",
    'admission webhook "other.example.com" denied the request: no',
    /^admission webhook "other.example.com" denied the request: no$/,
  ],
  [401, "Unauthorized", "Unauthorized", /does not know you: log in anew/],
  [404, "NotFound", "the server could not find the requested resource", /does not know Writ's kinds/],
  [
    404,
    "NotFound",
    'elevationapprovals.writ.dev "x" not found',
    /not found in namespace prod; kubectl get elev -A lists all$/,
  ],
  [404, "NotFound", 'identityowners.writ.dev "x" not found', /^identityowners.writ.dev "x" not found$/],
  [
    500,
    "InternalError",
    'Internal error occurred: failed calling webhook "stamps.writ.dev"',
    /kubectl delete elev revokes even now/,
  ],
  [0, "Timeout", "GET /x: no answer within 1 ms", /https:\/\/api.example.com does not answer \(Timeout\)/],
  [0, "InvalidResponse", "GET /x: the answer is not JSON", /does not answer as an API server/],
  [409, "Conflict", "the object has been modified", /^Conflict: the object has been modified$/],
])("%i %s %j is explained", (status, reason, message, expected) => {
  expect(told(status, reason, message)).toMatch(expected);
});

test("other errors stay what they are", () => {
  const error = new TypeError("bug");
  expect(explainError(error, at)).toBe(error);
});
