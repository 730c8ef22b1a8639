import { copied } from "../text/CutText.js"

/**
 * The JSON text of a request without what it carries as credentials: the texts of fields that are named like one, such
 * as `api_key`, `password` or `authorization`, wherever they stand. What a text speaks of stays. Everything else keeps its
 * bytes, and a text that is no JSON is no reason to fail.
 */
export const redact = (json: string): string => {
  let kept = ""
  let from = 0
  for (let at = json.indexOf(keyEnd); at !== -1; at = json.indexOf(keyEnd, at + 1)) {
    if (!mayEndName(json, at) || !isCredential(json.slice(json.lastIndexOf(quote, at - 1) + 1, at))) continue
    const start = textAt(json, at + keyEnd.length)
    if (start === -1) continue
    const end = textEnd(json, start)
    if (end === start || isLogprob(json, end)) continue
    kept += json.slice(from, start) + replacement
    from = end
    at = end
  }
  return from === 0 ? json : kept + json.slice(from)
}

const quote = '"'
const keyEnd = '":'
const replacement = "[redacted]"

/** The last letters of all names below: most keys are told by theirs. */
const lastLetters = new Set([..."dDeElLnNrRsStTyY"].map((letter) => letter.charCodeAt(0)))

const mayEndName = (json: string, at: number): boolean => lastLetters.has(json.charCodeAt(at - 1))

const isCredential = (key: string): boolean => {
  const known = judged.get(key)
  if (known !== undefined) return known
  const judgement = plainName.test(key) && isCredentialName(inWords(key))
  if (key.length > 64) return judgement
  // Bodies have the same few keys over and over.
  if (judged.size >= 512) judged.clear()
  judged.set(copied(key), judgement)
  return judgement
}

const isCredentialName = (words: string): boolean => credentialNames.some((name) => name.test(words))

const judged = new Map<string, boolean>()

/** An escape is in none of the names. */
const plainName = /^[\w .-]{3,64}$/

const inWords = (key: string): string =>
  key
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[ .-]/g, "_")
    .toLowerCase()

// Whole words: neither `max_tokens` nor `token_ids`, nor the special tokens and the keys of caches that requests have.
const credentialNames = [
  /(?:^|_)(?:passwords?|passwd|passphrase|pwd|secret|authorization|credentials?|cookie|jwt|bearer)$/,
  /(?:^|_)(?:api|access|account|auth|private|secret|subscription)_?key(?:_?id)?$/,
  /(?:^|_)(?:access|api|auth|bearer|csrf|github|hf|id|oauth|personal)_?token$/,
  /(?:^|_)(?:private|refresh|secret|security|session)_?token$/,
  /^(?:x_)?token$/
]

/** Where the text begins that is the value from there on; -1 where the value is none. */
const textAt = (json: string, from: number): number => {
  let at = from
  while (isSpace(json.charCodeAt(at))) at++
  return json[at] === quote ? at + 1 : -1
}

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d)

/** Where the text ends that begins there: at its closing quote, or where all ends. */
const textEnd = (json: string, from: number): number => {
  for (let at = json.indexOf(quote, from); at !== -1; at = json.indexOf(quote, at + 1)) {
    let before = at
    while (before > from && json[before - 1] === "\\") before--
    if ((at - before) % 2 === 0) return at
  }
  return json.length
}

// An answer that is sent back may bring its tokens, each with its probability behind it.
const isLogprob = (json: string, end: number): boolean =>
  /^"\s{0,99},\s{0,99}"logprob"/.test(json.slice(end, end + 256))
