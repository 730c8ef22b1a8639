import * as ContextLength from "./ContextLength.js"
import * as ErrorFields from "./ErrorFields.js"
import type * as JsonObject from "../json/JsonObject.js"

/**
 * The status of an error that came without one: what it says of it as a number, what its provider's codes mean, what its
 * names for it mean, or what its words say; 502 where nothing does.
 */
export const of = (value: unknown): number => {
  const layers = ErrorFields.layers(value)
  const { message = "" } = ErrorFields.read(value)
  return (
    firstOf(layers, numberIn) ??
    firstOf(layers, providersOwn) ??
    firstOf(layers, (error) => named(namesOf(error))) ??
    (ContextLength.isWording(message) ? 400 : (worded(message) ?? 502))
  )
}

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

const numberKeys = ["status", "status_code", "statusCode", "http_status", "http_code", "code", "error_code"]

const numberIn = (error: JsonObject.JsonObject): number | undefined =>
  numberKeys
    .map((key) => Number(ErrorFields.plainAt(error, key)))
    .find((n) => Number.isInteger(n) && n >= 400 && n < 600)

// By the name of the field in which they stand: MiniMax, Baidu, and Zhipu and SiliconFlow.
const providersOwn = (error: JsonObject.JsonObject): number | undefined => {
  const key = ["status_code", "error_code", "code"].find((each) => ErrorFields.plainAt(error, each) !== undefined)
  return key === undefined ? undefined : codes[key]?.[ErrorFields.plainAt(error, key) ?? ""]
}

const codes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  status_code: {
    1001: 504,
    1002: 429,
    1004: 401,
    1008: 402,
    1026: 400,
    1027: 400,
    1039: 429,
    1041: 429,
    2013: 400,
    2045: 429,
    2049: 401,
    2056: 429
  },
  error_code: {
    2: 503,
    4: 429,
    6: 403,
    13: 401,
    14: 401,
    15: 401,
    17: 429,
    18: 429,
    19: 429,
    100: 401,
    110: 401,
    111: 401,
    336001: 400,
    336002: 400,
    336003: 400,
    336006: 400,
    336007: 400,
    336100: 503,
    336103: 400,
    336104: 400,
    336501: 429,
    336502: 429
  },
  code: {
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1113: 429,
    1210: 400,
    1211: 404,
    1213: 400,
    1214: 400,
    1220: 403,
    1261: 400,
    1301: 400,
    1302: 429,
    1303: 429,
    1304: 429,
    1305: 429,
    1308: 429,
    1309: 429,
    1310: 429,
    20012: 404,
    20015: 400,
    30001: 402,
    50501: 503,
    50505: 503,
    50603: 503
  }
}

const namesOf = (error: JsonObject.JsonObject): string =>
  ["type", "error_type", "__type", "code", "status", "error_code", "name"]
    .map((key) => ErrorFields.plainAt(error, key) ?? "")
    .join(" ")

// The first that is met counts: what is called invalid may be a key.
const named = (names: string): number | undefined => statusOf(byName, names.slice(0, longest))

const byName: ReadonlyArray<readonly [RegExp, number]> = [
  [/rate_?-?limit|resource_?exhausted|too_?many|throttl|quota|(?:request|usage)s?_?limit/i, 429],
  [/unauth|authent|api_?key|invalid_?token|token_?expired/i, 401],
  [/billing|arrear|insufficient_?(?:balance|funds|credits)|payment/i, 402],
  [/permission|forbidden|access_?denied/i, 403],
  [/not_?found|no_?such|not_?exist/i, 404],
  [/overload|busy|unavailable|no_?capacity/i, 503],
  [/time_?d?_?out|deadline/i, 504],
  [
    /invalid|bad_?request|validation|param|argument|unsupported|failed_?precondition|context_?(?:length|window|size)|too_?(?:long|large)/i,
    400
  ],
  [/content_?(?:filter|policy)|data_?inspection|moderation/i, 400]
]

const worded = (message: string): number | undefined => statusOf(byWords, message.slice(0, longest))

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

const statusOf = (table: ReadonlyArray<readonly [RegExp, number]>, text: string): number | undefined =>
  table.find(([expression]) => expression.test(text))?.[1]
