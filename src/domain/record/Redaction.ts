import * as Option from "effect/Option"
import * as JsonObject from "../json/JsonObject.js"
import * as JsonText from "../json/JsonText.js"
import type { Bodies } from "../config/WriterSettings.js"
import { withheld } from "./RequestRecord.js"
import type { LoggedRecord } from "./RequestRecord.js"

/** Measures what a text stands for, which may be any text at all: its size in bytes and the hex of its SHA-256. */
export type Digest = (text: string, encoding: "base64" | "utf8") => { readonly bytes: number; readonly sha256: string }

/**
 * The record with as much of its bodies as may be stored; text always stays in `redacted`. A record whose bodies cannot be
 * looked through is stored without them.
 */
export const apply = (record: LoggedRecord, bodies: Bodies, digest: Digest): LoggedRecord => {
  switch (bodies) {
    case "full":
      return record
    case "none":
      return { ...record, Request: null, Response: null }
    case "redacted":
      try {
        return redacted(record, digest)
      } catch (cause) {
        return withheld(record, cause)
      }
  }
}

const redacted = (record: LoggedRecord, digest: Digest): LoggedRecord => {
  const Request = record.Request === null ? null : withoutMedia(record.Request, digest)
  const Response = record.Response === null ? null : withoutMedia(record.Response, digest)
  return Request === record.Request && Response === record.Response ? record : { ...record, Request, Response }
}

/** A JSON text in which images, audio and files are replaced by their type, size and hash. */
export const withoutMedia = (json: string, digest: Digest): string => {
  if (!mayHoldMedia.test(json)) return json
  const replaced = Option.map(JsonObject.parse(json), (body) => JsonText.write(replaceIn(body, "", digest)))
  return Option.getOrElse(replaced, () => replaceUrls(json, digest))
}

// Most bodies are text alone, and are not parsed for this.
const mayHoldMedia = /data:[\w.+-]+\/|"(?:data|file_data|b64_json|base64|bytes)"\s*:/i

/** Keys whose value is base64 without a `data:` before it. */
const mediaKeys = new Set(["data", "file_data", "b64_json", "base64", "bytes"])

// The depth is bounded: what is nested too deeply is not parsed.
const replaceIn = (value: unknown, key: string, digest: Digest): unknown => {
  if (typeof value === "string") return replaceText(value, key, digest)
  if (Array.isArray(value)) return value.map((item: unknown) => replaceIn(item, key, digest))
  if (!JsonObject.is(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaceIn(inner, name, digest)]))
}

/** Whether a text that goes by this name is no text, but an image, sound or a file. */
export const isMedia = (text: string, key: string): boolean => isDataUrl(text) || isBase64(text, key)

const isDataUrl = (text: string): boolean => /^data:(?:image|audio|video|font|application)\//i.test(text)

const isBase64 = (text: string, key: string): boolean =>
  mediaKeys.has(key) && text.length >= 64 && /^[\w+/=\s-]+$/.test(text)

const replaceText = (text: string, key: string, digest: Digest): string => {
  if (isDataUrl(text)) return replaceUrl(text, digest)
  if (isBase64(text, key)) return described("", digest(text, "base64"))
  return text.includes("data:") ? replaceUrls(text, digest) : text
}

// Markdown and HTML carry images in the middle of a text. Parameters without end would overflow the engine's stack.
const replaceUrls = (text: string, digest: Digest): string =>
  text.replace(/data:[\w.+-]{1,99}\/[\w.+-]{1,99}(?:;[\w=.+-]{1,99}){0,9};base64,[\w+/=-]+/gi, (url) =>
    replaceUrl(url, digest)
  )

const replaceUrl = (url: string, digest: Digest): string => {
  const comma = url.indexOf(",")
  if (comma === -1) return url
  const head = url.slice("data:".length, comma)
  const type = head.slice(0, `${head};`.indexOf(";"))
  const payload = url.slice(comma + 1)
  return described(type, /;base64$/i.test(head) ? digest(payload, "base64") : digest(unescaped(payload), "utf8"))
}

// What is no escape, or stands for no text, is taken as it is.
const unescaped = (payload: string): string => {
  try {
    return decodeURIComponent(payload)
  } catch {
    return payload
  }
}

const described = (type: string, { bytes, sha256 }: ReturnType<Digest>): string =>
  `[${type === "" ? "" : `${type}, `}${bytes} bytes, sha256 ${sha256}]`
