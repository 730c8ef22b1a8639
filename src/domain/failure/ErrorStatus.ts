import * as ContextLength from "./ContextLength.js"
import * as ErrorFields from "./ErrorFields.js"
import * as ErrorKeys from "./ErrorKeys.js"
import * as ErrorLayers from "./ErrorLayers.js"
import type * as JsonObject from "../json/JsonObject.js"
import * as ProviderCodes from "./ProviderCodes.js"

/**
 * The status of an error that came without one: what it says of it as a number, what its provider's codes mean, what
 * its names for it mean, or what its words say; 502 where nothing does.
 */
export const of = (value: unknown): number => {
  const layers = ErrorLayers.of(value)
  const { message = "" } = ErrorFields.read(value)
  return (
    firstOf(layers, numberIn) ??
    firstOf(layers, ProviderCodes.statusOf) ??
    firstOf(layers, named) ??
    ofWords(message) ??
    502
  )
}

/** The status that the words of an error stand for; undefined for words that need not be an error's. */
export const ofWords = (message: string): number | undefined =>
  ContextLength.isWording(message) ? 400 : statusOf(byWords, message)

const firstOf = (
  layers: ReadonlyArray<JsonObject.JsonObject>,
  find: (error: JsonObject.JsonObject) => number | undefined
): number | undefined => {
  for (const error of layers) {
    const status = find(error)
    if (status !== undefined) return status
  }
  return undefined
}

const numberIn = (error: JsonObject.JsonObject): number | undefined =>
  ErrorKeys.statuses
    .map((key) => Number(ErrorLayers.plainAt(error, key)))
    .find((n) => Number.isInteger(n) && n >= 400 && n < 600)

const namesOf = (error: JsonObject.JsonObject): string =>
  ErrorKeys.names.map((key) => ErrorLayers.plainAt(error, key) ?? "").join(" ")

// A type that says it is the request's leaves to the code only what callers are told by it.
const named = (error: JsonObject.JsonObject): number | undefined => {
  const isRequests = ErrorKeys.types.some((key) => error[key] === "invalid_request_error")
  const names = namesOf(error)
  return isRequests ? (statusOf(ofRequests, names) ?? 400) : ofNames(names)
}

/** The status that the names of an error stand for; undefined for names that need not be an error's. */
export const ofNames = (names: string): number | undefined => {
  const status = statusOf(byName, names)
  return status === 400 && ofServers.test(names.slice(0, longest)) ? undefined : status
}

// What is at fault is no request, though something in it is called invalid or a parameter.
const ofServers =
  /internal_?(?:server_?)?(?:error|failure)|server_?(?:error|down|fail)|runtime_?error|invalid_?(?:\w{1,20}_)?(?:response|state)\b|invalid_?(?:response|state)_?(?:error|exception)/i

const ofRequests: ReadonlyArray<readonly [RegExp, number]> = [
  [/rate_?-?limit_?(?:exceeded|reached|error)|insufficient_?quota|quota_?exceeded|too_?many_?requests/i, 429],
  [/unauth|authent|api_?key|invalid_?token(?!s)\b|token_?expired/i, 401],
  [/billing|arrear|insufficient_?(?:balance|funds|credits)/i, 402],
  [/(?:^|\s)(?:permission_?denied|access_?denied|forbidden)\b/i, 403],
  [/(?:model|engine|deployment)_?not_?found|(?:^|\s)not_?found\b/i, 404]
]

// The first that is met counts: what is called invalid may be a key, and what is denied or too slow the caller's image.
const byName: ReadonlyArray<readonly [RegExp, number]> = [
  [
    /(?:image|(?<!pro)file|url|uri|media|audio|video|document|attachment)_?(?:url_?|uri_?|link_?|data_?|content_?|download_?)?(?:access_?denied|forbidden|permission|unavailable|unreachable|time_?d?_?out)/i,
    400
  ],
  [/(?:invalid|bad|unsupported|unknown)_?time_?out/i, 400],
  [/(?:time_?out|quota|limit|tokens?)_?(?:param(?:eter)?|argument|value|field)s?\b/i, 400],
  [
    /rate_?-?limit|resource_?exhausted|throttl|quota|(?:request|usage)s?_?limit|too_?many(?![_a-z])|too_?many_?(?:(?:concurrent|parallel|open|active)_?)?(?:request|call|connection|user|attempt|session|task|job|quer|generation|tokens_?per)/i,
    429
  ],
  [
    /unauth|authent|auth_?fail|api_?key|invalid_?token(?!s|_?(?:count|limit|number|id|budget|length|bias))|token_?expired/i,
    401
  ],
  [/billing|arrear|insufficient_?(?:balance|funds|credits)|payment/i, 402],
  [/permission|forbidden|access_?denied/i, 403],
  [/not_?found|no_?such|not_?exist/i, 404],
  [/overload|busy|unavailable|no_?capacity/i, 503],
  [/time_?d?_?out|deadline/i, 504],
  [
    /invalid|bad_?request|validation|param|argument|unsupported|failed_?precondition|context_?(?:length|window|size)|too_?(?:long|large|many)/i,
    400
  ],
  [/content_?(?:filter|policy)|data_?inspection|moderation/i, 400]
]

const byWords: ReadonlyArray<readonly [RegExp, number]> = [
  [
    /rate[ -]?limit|too many requests|quota exceeded|exceeded your (?:current )?quota|requests per (?:minute|second|day)/i,
    429
  ],
  [/unauthori[sz]ed|unauthenticated|not authenticated|authentication (?:failed|error|required)/i, 401],
  [/(?:invalid|incorrect|missing|wrong|expired) (?:api[ _-]?key|token|credentials)/i, 401],
  [/insufficient (?:balance|funds|credits)/i, 402],
  [/permission denied|access denied|forbidden/i, 403],
  [/^not found|no such model|model\b.{0,80}\b(?:not found|not exist)/i, 404],
  [/overloaded|too busy|is busy|(?:at|out of) capacity|temporarily unavailable|service unavailable/i, 503],
  [
    /(?:invalid|unknown|missing|unsupported|bad) (?:param|argument|field|request|value|input)|validation error|field required|not permitted/i,
    400
  ]
]

/** So much of a text is looked at, in characters. */
const longest = 4_000

const statusOf = (table: ReadonlyArray<readonly [RegExp, number]>, text: string): number | undefined => {
  const looked = text.slice(0, longest)
  return table.find(([expression]) => expression.test(looked))?.[1]
}
