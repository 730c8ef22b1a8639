/** The forms in which a server may quote a secret that it was sent. */
export const forms: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in JSON": (secret) => json(secret),
  "in JSON within JSON": (secret) => json(json(secret)),
  "in JSON with escaped slashes": (secret) => json(secret).replaceAll("/", "\\/"),
  "in JSON as codes": (secret) => codes(secret),
  "in JSON as codes within JSON": (secret) => json(codes(secret)),
  "percent-encoded": encodeURIComponent,
  "percent-encoded twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "percent-encoded in lower case": (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  "percent-encoded in JSON": (secret) => json(encodeURIComponent(secret)),
  "as HTML": (secret) => secret.replaceAll("&", "&amp;").replaceAll("/", "&#x2F;").replaceAll('"', "&quot;"),
  "in base64": (secret) => base64(secret),
  "in base64 without its padding": (secret) => base64(secret).replaceAll("=", ""),
  "in base64url": (secret) => Buffer.from(secret).toString("base64url"),
  "in base64 within JSON": (secret) => json(base64(secret)).replaceAll("/", "\\/"),
  "in base64, percent-encoded": (secret) => encodeURIComponent(base64(secret)),
  "as Basic": (secret) => `Basic ${base64(`user:${secret}`)}`,
  "as Basic of another user": (secret) => `Basic ${base64(`me:${secret}`)}`,
  "as Basic of a third": (secret) => `Basic ${base64(`${secret}:`)}`,
  "in upper case": (secret) => secret.toUpperCase()
}

/** Every text by which a secret, or a part of it, could be recognised. */
export const traces = (secret: string): ReadonlyArray<string> => [
  ...Object.values(forms).map((form) => form(secret)),
  // Whatever stands before and behind, these are in its base64.
  ...[0, 1, 2].map((before) => base64(`${"-".repeat(before)}${secret}`).slice(4, -8)),
  secret.slice(0, 12)
]

/** A text in base64. */
export const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** A text with every character as its code, as JSON allows. */
export const codes = (text: string): string =>
  Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")

const json = (text: string): string => JSON.stringify(text).slice(1, -1)
