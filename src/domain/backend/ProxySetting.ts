import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SecretText from "./SecretText.js"

/** Stands for the direct way, whatever the environment says. */
export const none = "none"

/** The URL of a proxy, which may hold credentials, or that there is to be none. */
export type ProxySetting = Redacted.Redacted | typeof none

const title = "an http:// or https:// URL of a proxy, or none"

/** A `proxy` as an operator writes it, or as a host has it. */
export const Written = Schema.transformOrFail(
  SecretText.of(Schema.String).annotations({ title }),
  Schema.OptionFromSelf(Schema.Union(Schema.Literal(none), Schema.RedactedFromSelf(Schema.String))),
  {
    strict: true,
    decode: (text, _, ast) => {
      const written = SecretText.reveal(text).trim()
      if (written === "") return ParseResult.succeed(Option.none<ProxySetting>())
      if (written === none) return ParseResult.succeed(Option.some<ProxySetting>(none))
      return isUrl(written)
        ? ParseResult.succeed(Option.some<ProxySetting>(Redacted.make(written)))
        : ParseResult.fail(new ParseResult.Type(ast, text))
    },
    encode: (proxy) => ParseResult.succeed(Option.match(proxy, { onNone: () => "", onSome: write }))
  }
).annotations({
  title,
  jsonSchema: { type: "string", title, pattern: String.raw`^\s*(none|[hH][tT][tT][pP][sS]?://[^/?#\s]+/?)?\s*$|\$\{` }
})

const write = (proxy: ProxySetting): string => (proxy === none ? none : Redacted.value(proxy))

/** Whether a text is the URL of a proxy: of a host, with or without credentials, and nothing more. */
export const isUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { hash, host, pathname, protocol, search } = new URL(text)
  return /^https?:$/.test(protocol) && host !== "" && pathname === "/" && search === "" && hash === ""
}

/** Where a proxy is and what it is sent, apart. */
export interface Proxy {
  readonly origin: string
  /** For `Proxy-Authorization`. */
  readonly authorization: Option.Option<Redacted.Redacted>
  /** The parts of it that are secret. */
  readonly secrets: ReadonlyArray<string>
}

/** The proxy of a backend, if it has one. */
export const of = (setting: Option.Option<ProxySetting>): Proxy | undefined => {
  if (Option.isNone(setting) || setting.value === none) return undefined
  const { origin, password, username } = new URL(Redacted.value(setting.value))
  if (username === "" && password === "") return { origin, authorization: Option.none(), secrets: [] }
  const pair = `${decoded(username)}:${decoded(password)}`
  // As UTF-8, in base64: each character stands for a byte there.
  const base64 = btoa(Array.from(new TextEncoder().encode(pair), (byte) => String.fromCharCode(byte)).join(""))
  return {
    origin,
    authorization: Option.some(Redacted.make(`Basic ${base64}`)),
    secrets: [
      pair,
      `${username}:${password}`,
      ...(password === "" ? [decoded(username), username] : [decoded(password), password])
    ]
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
