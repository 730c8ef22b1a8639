// Appends rows month after month, so that it archives all the time, and says which are on the disk; it is to be killed.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as MonthlyRotation from "../../dist/records/store/MonthlyRotation.js"
import * as Recorder from "../../dist/records/writer/Recorder.js"

const [, , plain = "{}", path = "", first = "0", last, prefix = "r"] = process.argv
const settings = { durability: "wal", bodies: "full", archive: true, retention: null }

const record = (n) => ({
  ...JSON.parse(plain),
  id: `${prefix}${n}`,
  // Three rows a month.
  Time: new Date(Date.UTC(2000, Math.floor(n / 3), 15)).toISOString()
})

const program = Effect.gen(function* () {
  const recorder = yield* Recorder.make({ path })
  for (let n = Number(first); ; n++) {
    yield* recorder.append([record(n)], settings)
    process.stdout.write(`${n}\n`)
    // As fast as the database follows, so that a kill comes at any moment of an archiving.
    while (recorder.stats().spoolBytes > 2_000) yield* Effect.sleep("1 millis")
    if (last !== undefined && n >= Number(last)) return
  }
})

await Effect.runPromise(
  Effect.scoped(program).pipe(
    Effect.provide(MonthlyRotation.layer({ path })),
    Effect.provide(NodeFileSystem.layer),
    Effect.provide(NodePath.layer)
  )
)
