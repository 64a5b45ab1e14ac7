/**
 * Why an input was refused before any handler saw it: the label `reason` of `writ_admission_rejected_input_total`
 * and the second cause of a `MalformedReview`. One line each: what was found and, where it helps, why it is refused.
 */
export const inputReasons = {
  MethodNotPost: "The API server sends reviews by POST; the request used another method.",
  NotJson: "The content type is not application/json.",
  EmptyBody: "The request has no body.",
  BodyTooLarge:
    "The body is larger than 7 MiB: two objects of 3 MiB, the API server's own limit, and 1 MiB around them.",
  BodyAborted: "The connection ended before the whole body had arrived.",
  InvalidUtf8: "The body is not valid UTF-8.",
  InvalidJson: "The body is not one JSON value.",
  TooDeep: "The body nests objects and lists too deeply.",
  DuplicateKey: "An object in the body has the same key twice, so that two readers could see two different objects.",
  LoneSurrogate: "A string in the body holds half of a UTF-16 surrogate pair, which has no UTF-8 form to digest.",
  IntegerOutOfRange: "An integer in the body lies beyond 2^53-1, so that it cannot be read without loss.",
  NumberOutOfRange: "A number in the body is too large for a double.",
  WrongKind: "The body is not an AdmissionReview or, for /authorize, a SubjectAccessReview.",
  WrongVersion:
    "The AdmissionReview is not of admission.k8s.io/v1, or the SubjectAccessReview not of authorization.k8s.io/v1.",
  MissingRequest: "The AdmissionReview has no request.",
  MissingUid: "The request has no uid of 1 to 256 characters.",
  MissingField: "A field that the API server always sends is absent.",
  WrongType: "A field has a type that the API server never sends.",
  UnknownOperation: "The operation is none of CREATE, UPDATE, DELETE and CONNECT.",
  CallerNotAuthenticated: "The caller did not prove that it is the API server.",
  UnknownPath: "The path names no service of this server.",
  BadHttp: "The bytes received are not an HTTP/1.1 request, or its headers took too long.",
} as const;

export type InputReason = keyof typeof inputReasons;
