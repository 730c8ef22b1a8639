import * as fs from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Allowed from "./Allowed.js"
import * as Backend from "./Backend.js"
import { cases } from "./Cases.js"
import * as Cell from "./Cell.js"
import type { Client, Language } from "./Clients.js"
import { clients, languages } from "./Clients.js"
import * as Lane from "./Lane.js"
import * as Prepared from "./Prepared.js"
import * as Program from "./Program.js"
import * as Report from "./Report.js"

const page = new URL("../../docs/languages.md", import.meta.url)

/** So many cases of a client are asked at once; those that wait for a second cost nothing. */
const atOnce = 10

const column = (client: Client, command: ReadonlyArray<string>, backend: Backend.Backend) =>
  Effect.gen(function* () {
    const name = `${client.language}-${client.name.replace(/\W+/g, "-")}`
    const lane = yield* Lane.make(name, backend)
    const program = yield* Effect.acquireRelease(
      Effect.sync(() => Program.start([...command, client.argument])),
      ({ stop }) => Effect.sync(stop)
    )
    // One that cannot start shows it in every case.
    yield* Effect.promise(() => lane.warm(program).catch(() => {}))
    const cells = yield* Effect.forEach(cases, (one) => Effect.promise(() => Cell.make(client, program, lane, one)), {
      concurrency: atOnce
    })
    return { client, cells }
  }).pipe(Effect.scoped)

it.scopedLive("leaves no client in any language worse off than with a direct line", () =>
  Effect.gen(function* () {
    const prepared = Prepared.read()
    const backend = yield* Backend.make
    const asked = clients.flatMap((client) => {
      const command = prepared.commands[client.toolchain]
      return command === undefined ? [] : [{ client, command }]
    })
    const columns = yield* Effect.forEach(asked, ({ client, command }) => column(client, command, backend), {
      concurrency: 2
    })
    console.log(Report.table(columns))
    if (prepared.verbose) for (const detail of Report.details(columns)) console.log(detail)
    for (const failure of Report.failures(columns)) console.log(`✗ ${failure}`)
    const complete = languages.filter((language) => isComplete(language, columns))
    if (prepared.writes) write(complete, columns)
    assert.strictEqual(Report.failures(columns).length, 0, "so many are worse off than with a direct line (✗ above)")
    assert.deepStrictEqual(
      Allowed.unused(
        Report.used(columns),
        asked.map(({ client }) => client),
        complete
      ),
      []
    )
  })
)

const isComplete = (language: Language, columns: ReadonlyArray<Report.Column>): boolean =>
  clients.every((client) => client.language !== language || columns.some((each) => each.client === client))

const write = (complete: ReadonlyArray<Language>, columns: ReadonlyArray<Report.Column>): void => {
  const text = complete.reduce(
    (page, language) =>
      Report.written(
        page,
        language,
        columns.filter(({ client }) => client.language === language)
      ),
    fs.readFileSync(page, "utf8")
  )
  fs.writeFileSync(page, text)
}
