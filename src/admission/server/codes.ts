/** A reason code's meaning and what the reader of a denial does next. */
export interface CodeEntry {
  readonly means: string;
  readonly next: string;
}

/** Reason codes that the HTTPS edge itself gives; the codes of the decision stand with the decision. */
export const serverCodes = {
  CallerNotAuthenticated: {
    means: "The caller did not prove that it is the API server.",
    next: "Give the API server the client certificate that Writ's configuration names, or the webhook configuration the current path.",
  },
  UnknownPath: {
    means: "The webhook was called at a path that it does not serve.",
    next: "Correct the URL in the webhook configuration: it ends in /gate, /guard or /stamps, and for the second gate in /authorize.",
  },
  MalformedReview: {
    means: "The AdmissionReview could not be read without doubt; the second cause says why.",
    next: "Remove what the second cause names from the object; if the object is sound, report it with the review's uid.",
  },
  BodyTooLarge: {
    means: "The AdmissionReview is larger than 7 MiB.",
    next: "Make the object smaller: the API server itself takes at most 3 MiB.",
  },
  DeadlineExceeded: {
    means: "No decision was reached in 80 % of the time that the API server waits.",
    next: "Try again; if it lasts, look at writ_admission_duration_seconds and the API server's load.",
  },
  InternalError: {
    means: "Writ failed while deciding, and fails closed.",
    next: "Try again; if it lasts, give the review's uid to those who run Writ: the log holds the error under it.",
  },
  Overloaded: {
    means: "More reviews are being decided than this replica can answer in time.",
    next: "Try again in a few seconds; if it lasts, add replicas of the webhook.",
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;

export type ServerCode = keyof typeof serverCodes;
