import * as Option from "effect/Option"
import type { Backend } from "./Backend.js"
import * as JsonObject from "../json/JsonObject.js"

/** Applies a backend's `extra_body`, `stop` and `max_tokens` to a request body. */
export const apply = (backend: Backend, body: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { extraBody, maxTokens, renameParams, stop } = backend
  if (Object.keys(extraBody).length === 0 && stop.length === 0 && Option.isNone(maxTokens)) return body
  const applied: Record<string, unknown> = Object.fromEntries([...Object.entries(extraBody), ...Object.entries(body)])
  if (stop.length > 0) applied["stop"] = mergeStop(stop, applied["stop"])
  return Option.isNone(maxTokens)
    ? applied
    : Object.assign(applied, clampTokens(maxTokens.value, applied, renameParams))
}

/** The configured stop words first, then the caller's, none twice. */
export const mergeStop = (configured: ReadonlyArray<string>, given: unknown): ReadonlyArray<unknown> => {
  const own = typeof given === "string" ? [given] : JsonObject.listOf(given).filter((word) => typeof word === "string")
  return [...new Set<unknown>([...configured, ...own])]
}

/**
 * Lowers whichever token limit the caller gave, never raises it; sets `max_tokens` when there is none. A limit under one of
 * these names of the backend's is one too.
 */
export const clampTokens = (
  limit: number,
  body: JsonObject.JsonObject,
  renames: Backend["renameParams"] = {}
): JsonObject.JsonObject => {
  const names = new Set([...limits, ...limits.flatMap((name) => renames[name] ?? [])])
  const given = [...names].filter((key) => body[key] !== undefined && body[key] !== null)
  if (given.length === 0) return { max_tokens: limit }
  return Object.fromEntries(given.map((key) => [key, lower(body[key], limit)]))
}

const limits = ["max_completion_tokens", "max_tokens"]

// Several backends take a text for a number, as Python writes it. What is none they refuse themselves.
const lower = (value: unknown, limit: number): unknown => {
  const given = typeof value === "string" ? Number(value.replaceAll("_", "")) : JsonObject.number(value)
  return given !== undefined && given > limit ? limit : value
}
