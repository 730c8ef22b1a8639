import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as MonthlyRotation from "../../src/records/store/MonthlyRotation.js"
import * as Records from "../support/Records.js"
import type { Page } from "./Snippets.js"

/** Writes a database with a record of each id that a page's commands name. */
export const write = (path: string, { snippets }: Page): Effect.Effect<void> => {
  const ids = snippets.filter(({ info }) => info.startsWith("sh")).flatMap(({ text }) => text.match(/\breq_\w+/g) ?? [])
  if (ids.length === 0) return Effect.void
  return MonthlyRotation.make({ path }).pipe(
    Effect.flatMap((database) => database.appendAll(ids.map((id) => Records.record(id)))),
    Effect.scoped,
    Effect.provide([NodeFileSystem.layer, NodePath.layer]),
    Effect.orDie
  )
}
