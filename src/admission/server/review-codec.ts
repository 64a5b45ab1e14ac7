import type { AdmissionRequest, JsonValue } from "../../decision/admission-request.ts";
import type { Answer, Cause } from "../handler.ts";
import { maximumUidLength } from "./find-uid.ts";
import {
  brokenRule,
  isFields,
  isString,
  isStringLists,
  isStrings,
  own,
  type FieldRule,
  type Fields,
} from "./field-rules.ts";
import type { InputReason } from "./input-reason.ts";
import { cutCodePoints, oneLine } from "./one-line.ts";

/** Longest warning that the API server passes on whole (k8s.io/apiserver `pkg/warning`); longer ones it cuts. */
const maximumWarningLength = 256;
const maximumMessageLength = 8192;
const maximumWarnings = 16;

export type DecodedReview =
  | { readonly kind: "ok"; readonly request: AdmissionRequest }
  | {
      readonly kind: "error";
      readonly reason: InputReason;
      readonly message: string;
      readonly field?: string;
      readonly uid: string | undefined;
    };

const isObjectOrNull = (value: unknown): boolean => value === null || isFields(value);
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isVersionKind = (value: unknown): boolean =>
  isFields(value) && ["group", "version", "kind"].every((key) => isString(own(value, key)));
const isVersionResource = (value: unknown): boolean =>
  isFields(value) && ["group", "version", "resource"].every((key) => isString(own(value, key)));

const text = "a string";
const objectOrNull = "an object or null";

/** Shapes as k8s.io/api/admission/v1 AdmissionRequest marshals them. */
const requestRules: readonly FieldRule[] = [
  { key: "kind", required: true, holds: isVersionKind, expected: "{group, version, kind}" },
  { key: "resource", required: true, holds: isVersionResource, expected: "{group, version, resource}" },
  { key: "subResource", required: false, holds: isString, expected: text },
  { key: "requestKind", required: false, holds: isVersionKind, expected: "{group, version, kind}" },
  { key: "requestResource", required: false, holds: isVersionResource, expected: "{group, version, resource}" },
  { key: "requestSubResource", required: false, holds: isString, expected: text },
  { key: "name", required: false, holds: isString, expected: text },
  { key: "namespace", required: false, holds: isString, expected: text },
  { key: "operation", required: true, holds: isString, expected: text },
  { key: "userInfo", required: true, holds: isFields, expected: "an object" },
  { key: "object", required: false, holds: isObjectOrNull, expected: objectOrNull },
  { key: "oldObject", required: false, holds: isObjectOrNull, expected: objectOrNull },
  { key: "dryRun", required: false, holds: isBoolean, expected: "a boolean" },
  { key: "options", required: false, holds: isObjectOrNull, expected: objectOrNull },
];

/** Shape of k8s.io/api/authentication/v1 UserInfo. A user without a name does not exist. */
const userRules: readonly FieldRule[] = [
  { key: "username", required: true, holds: isString, expected: text },
  { key: "uid", required: false, holds: isString, expected: text },
  { key: "groups", required: false, holds: isStrings, expected: "a list of strings" },
  { key: "extra", required: false, holds: isStringLists, expected: "an object of lists of strings" },
];

const operations: ReadonlySet<unknown> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);

/**
 * Checks that `value` is an AdmissionReview of admission.k8s.io/v1 with a request as an API server sends it. Fields that
 * Writ does not know are ignored, since new API servers add some; what stands in `object` is nobody's business here.
 */
export const decodeReview = (value: JsonValue): DecodedReview => {
  const review: Fields = isFields(value) ? value : {};
  const candidate = own(review, "request");
  const request: Fields | undefined = isFields(candidate) ? candidate : undefined;
  const givenUid = request === undefined ? undefined : own(request, "uid");
  const uid =
    typeof givenUid === "string" && givenUid.length > 0 && givenUid.length <= maximumUidLength ? givenUid : undefined;
  const refuse = (reason: InputReason, message: string, field: string): DecodedReview => ({
    kind: "error",
    reason,
    message,
    field,
    uid,
  });
  if (own(review, "kind") !== "AdmissionReview") return refuse("WrongKind", `kind must be "AdmissionReview"`, "kind");
  if (own(review, "apiVersion") !== "admission.k8s.io/v1") {
    return refuse("WrongVersion", `apiVersion must be "admission.k8s.io/v1"`, "apiVersion");
  }
  if (request === undefined) return refuse("MissingRequest", "request must be an object", "request");
  if (uid === undefined) {
    return refuse("MissingUid", `request.uid must be a string of 1 to ${maximumUidLength} characters`, "request.uid");
  }
  const user = own(request, "userInfo");
  const broken =
    brokenRule(requestRules, request, "request") ??
    (isFields(user) ? brokenRule(userRules, user, "request.userInfo") : undefined);
  if (broken !== undefined) {
    return broken.absent
      ? refuse("MissingField", `${broken.field} is required`, broken.field)
      : refuse("WrongType", `${broken.field} must be ${broken.expected}`, broken.field);
  }
  if (!operations.has(own(request, "operation"))) {
    return refuse(
      "UnknownOperation",
      "request.operation must be CREATE, UPDATE, DELETE or CONNECT",
      "request.operation",
    );
  }
  return { kind: "ok", request: request as unknown as AdmissionRequest };
};

const encodeCause = ({ reason, message, field }: Cause): Cause => ({
  reason,
  message: oneLine(message, maximumMessageLength),
  ...(field === undefined ? {} : { field }),
});

/**
 * The AdmissionReview that answers review `uid`, as JSON. A denial carries a Status with code 403 and reason Forbidden,
 * since kubectl retries 429 and 5xx by itself; its message begins with the reason code, and the first of its causes is
 * that code. A patch is sent with an allowing answer only.
 */
export const encodeReview = (uid: string, answer: Answer): string => {
  const { allowed, code, warnings, auditAnnotations, patch } = answer;
  const nextStep = answer.next === undefined ? [] : [{ reason: "NextStep", message: answer.next }];
  const causes = [{ reason: code, message: answer.message }, ...(answer.causes ?? []), ...nextStep].map(encodeCause);
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(allowed
        ? {}
        : {
            status: {
              metadata: {},
              status: "Failure",
              code: 403,
              reason: "Forbidden",
              message: denialText(answer),
              details: { causes },
            },
          }),
      ...(warnings === undefined || warnings.length === 0
        ? {}
        : { warnings: warnings.slice(0, maximumWarnings).map(encodeWarning) }),
      ...(auditAnnotations === undefined ? {} : { auditAnnotations }),
      ...(allowed && patch !== undefined && patch.length > 0
        ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }
        : {}),
    },
  });
};

/** At most two lines, of which the second is the next step; hostile parts cannot begin a third. */
const denialText = ({ code, message, next }: Answer): string => {
  const text = oneLine(`${code}: ${message}`, maximumMessageLength);
  return next === undefined ? text : `${text}\nNext: ${oneLine(next, maximumMessageLength)}`;
};

/** The API server drops a warning with a line break and cuts a long one in the middle of a character. */
const encodeWarning = (warning: string): string =>
  cutCodePoints(oneLine(warning.replaceAll(/\s*[\r\n]+\s*/g, " "), maximumMessageLength), maximumWarningLength);
