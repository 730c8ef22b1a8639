import * as ErrorLayers from "./ErrorLayers.js"
import * as JsonObject from "../json/JsonObject.js"

// What numbers mean with one provider, and with no other: each is read only in the envelope of its provider.

/** The status that an error's number has with the provider whose envelope it came in; undefined for all others. */
export const statusOf = (error: JsonObject.JsonObject): number | undefined => {
  for (const { codeOf, statuses } of providers) {
    const code = codeOf(error)
    if (code !== undefined && Object.hasOwn(statuses, code)) return statuses[code]
  }
  return undefined
}

interface Provider {
  /** The code of an error in this provider's envelope. */
  readonly codeOf: (error: JsonObject.JsonObject) => string | undefined
  readonly statuses: Readonly<Record<string, number>>
}

/** `{base_resp: {status_code, status_msg}}` */
const miniMax: Provider = {
  codeOf: ({ base_resp: base }) => ErrorLayers.plainAt(JsonObject.orEmpty(base), "status_code"),
  statuses: {
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
  }
}

/** `{error_code, error_msg}` */
const baidu: Provider = {
  codeOf: (error) => (error["error_msg"] === undefined ? undefined : ErrorLayers.plainAt(error, "error_code")),
  statuses: {
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
  }
}

/** `{error: {code: "1302", message}}`, with digits that are a text, or `{code: 1302, msg, success: false}` */
const zhipu: Provider = {
  codeOf: (error) => {
    const { code, message, msg, success } = error
    const isOwn = msg === undefined ? message !== undefined && typeof code === "string" : success === false
    return isOwn ? ErrorLayers.plainAt(error, "code") : undefined
  },
  statuses: {
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
    1310: 429
  }
}

/** `{code: 20012, message, data}` */
const siliconFlow: Provider = {
  codeOf: (error) => {
    const isOwn = "data" in error && JsonObject.text(error["message"]) !== undefined
    return isOwn ? JsonObject.digits(error["code"]) : undefined
  },
  statuses: {
    20012: 404,
    20015: 400,
    30001: 402,
    50501: 503,
    50505: 503,
    50603: 503
  }
}

/** `{header: {code, message, sid}}` */
const spark: Provider = {
  codeOf: ({ header }) => ErrorLayers.plainAt(JsonObject.orEmpty(header), "code"),
  statuses: {
    10005: 401,
    10007: 429,
    10013: 400,
    10014: 400,
    10019: 400,
    10163: 400,
    10907: 400,
    11201: 429,
    11202: 429,
    11203: 429
  }
}

const providers: ReadonlyArray<Provider> = [miniMax, baidu, zhipu, siliconFlow, spark]
