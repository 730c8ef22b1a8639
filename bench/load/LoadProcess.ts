import * as Schema from "effect/Schema"
import { Pool } from "undici"
import * as Control from "../Control.js"
import { Shape, heldBy } from "../Shape.js"
import * as Run from "./Run.js"
import * as Tally from "./Tally.js"

// The load generator: runs one shape against one target at a time.

const decode = Schema.decodeUnknownSync(
  Schema.Struct({
    shape: Shape,
    url: Schema.String,
    headers: Schema.Record({ key: Schema.String, value: Schema.String })
  })
)

let tally = Tally.make()
let run: Run.Run | undefined
let pool: Pool | undefined

Control.serve({
  /** Starts a shape; resolves when it has its full strength. */
  begin: (argument) => {
    const { headers, shape, url } = decode(argument)
    const { origin, pathname } = new URL(url)
    tally = Tally.make()
    pool = new Pool(origin, {
      connections: connectionsOf(shape),
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0
    })
    run = Run.start(
      shape,
      {
        dispatcher: pool,
        path: `${pathname}/chat/completions`,
        headers: { "content-type": "application/json", authorization: "Bearer sk-bench", ...headers }
      },
      tally
    )
    return run.ready
  },
  /** Counts from now on. */
  mark: () => tally.reset(),
  /** What was counted so far. */
  seen: () => tally.seen(),
  /** Asks nothing more and waits for what is under way; what was counted, with every complaint since the beginning. */
  finish: async () => {
    await run?.stop()
    await pool?.destroy()
    return tally.seen()
  }
})

const connectionsOf = (shape: Shape): number => {
  switch (shape._tag) {
    case "Closed":
      return shape.connections
    case "Open":
      return 256
    case "Streams":
      return shape.streams
    default:
      return heldBy(shape)
  }
}
