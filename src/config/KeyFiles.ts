import { resolve } from "node:path"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../domain/backend/ApiKey.js"
import { reasonOf } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import * as BoundedFile from "./BoundedFile.js"

/** A configuration whose keys are read from their files, and what is wrong with these. */
export interface Filled {
  readonly plain: unknown
  readonly issues: ReadonlyArray<ConfigIssue>
  /** The files, whether they could be read or not. */
  readonly files: ReadonlyArray<string>
}

/** A file with a key may be this large, in bytes. */
const mostKey = 64 * 1024

/** Puts what stands in each `api_key_file` in the place of the `api_key`; paths begin at `folder`. */
export const fill: (plain: unknown, folder: string) => Effect.Effect<Filled, never, FileSystem.FileSystem> =
  Effect.fnUntraced(function* (plain: unknown, folder: string) {
    if (places(plain).length === 0) return { plain, issues: [], files: [] }
    const issues: Array<ConfigIssue> = []
    const files: Array<string> = []
    const root = JsonObject.orEmpty(plain)
    const entries = [...JsonObject.listOf(root[list])]
    for (const { entry, index, name } of places(plain)) {
      const path = resolve(folder, name)
      files.push(path)
      const key = JsonObject.isPresent(entry["api_key"]) ? Either.left(saidTwice) : yield* Effect.either(read(path))
      if (Either.isLeft(key)) issues.push({ path: [list, index, field], message: key.left })
      else entries[index] = { ...entry, api_key: Redacted.make(key.right) }
    }
    return { plain: { ...root, [list]: entries }, issues, files }
  })

/** What is wrong with each `api_key_file` where nobody reads files. */
export const unread = (plain: unknown): ReadonlyArray<ConfigIssue> =>
  places(plain).map(({ index }) => ({ path: [list, index, field], message: notHere }))

const list = "openai_clients"
const field = "api_key_file"
const saidTwice = "says the key, and so does api_key; keep only one of them"
const notHere =
  "is read for a configuration that is a file itself; a host has the key as api_key, which may be Redacted"

const places = (plain: unknown) =>
  JsonObject.listOf(JsonObject.orEmpty(plain)[list]).flatMap((entry, index) => {
    const name = JsonObject.is(entry) ? entry[field] : undefined
    return JsonObject.is(entry) && typeof name === "string" && name !== "" ? [{ entry, index, name }] : []
  })

const read = (path: string): Effect.Effect<string, string, FileSystem.FileSystem> =>
  BoundedFile.read(path, mostKey).pipe(
    Effect.mapError((cause) => `${path} cannot be read: ${reasonOf(cause)}`),
    Effect.flatMap((text) => {
      const key = text.replace(/^\uFEFF/, "").trim()
      const wrong = key === "" ? "is empty" : ApiKey.problem(key)
      return wrong === undefined ? Effect.succeed(key) : Effect.fail(`${path} ${wrong}`)
    })
  )
