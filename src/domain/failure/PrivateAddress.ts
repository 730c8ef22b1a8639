import * as ErrorBody from "./ErrorBody.js"

/** The error without addresses that are of use inside of a network alone: what a backend says of its own failure may tell of them. */
export const hiddenIn = (error: ErrorBody.ErrorBody): ErrorBody.ErrorBody => ErrorBody.mapTexts(error, hidden)

/** A text without them. */
export const hidden = (text: string): string => {
  let without = text
  for (const address of addresses) without = without.replace(address, "[redacted]")
  return without
}

// Of IPv4 and IPv6 those of private networks, of the machine itself and of a link; names that only a private resolver knows.
const addresses: ReadonlyArray<RegExp> = [
  /\b(?:10|127)(?:\.\d{1,3}){3}\b(?::\d{1,5})?/g,
  /\b(?:192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(?:\.\d{1,3}){2}\b(?::\d{1,5})?/g,
  /\[(?:::1|f[cde][0-9a-f]{2}:[0-9a-f:]{1,40})\](?::\d{1,5})?/gi,
  /\blocalhost\b(?::\d{1,5})?/gi,
  /\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.(?:internal|local|localdomain|lan|svc|consul)\b(?::\d{1,5})?/gi
]
