/** A file cannot be used as it is; the message is one line that names the place. Nothing was written. */
export class ManifestError extends Error {}
