import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ConfigRef } from "../config/ConfigRef.js"
import { formatPath } from "../domain/schema/ConfigIssue.js"
import * as WorkerShare from "../domain/config/WorkerShare.js"
import * as Gateway from "../Gateway.js"
import * as Acceptor from "./Acceptor.js"
import * as Crew from "./Crew.js"
import * as LastDeadline from "./LastDeadline.js"

/** Where the workers serve, and how many they are. */
export interface Options {
  readonly host: string
  readonly port: number
  /** A socket that listens already, in place of a host and a port. */
  readonly socket: number | undefined
  readonly workers: number
  /** How often each worker says that it lives, in ms. */
  readonly beat: number
}

/**
 * Serves the gateway with several workers, of which this process is none: it accepts their connections and replaces those
 * that die. The first begins alone, so that whatever is wrong is said once.
 */
export const run = ({ beat, host, port, socket, workers }: Options) =>
  Effect.gen(function* () {
    const acceptor = yield* Acceptor.make
    const config = yield* ConfigRef
    const deadline = Effect.provideService(LastDeadline.span, ConfigRef, config)
    const crew = yield* Crew.make({ of: workers, beat, deadline, isShared: socket !== undefined }, acceptor)
    yield* crew.start(1)
    const address = yield* acceptor.listen({ host, port, socket })
    const others = Array.from({ length: workers - 1 }, (_, index) => index + 2)
    yield* Effect.forEach(others, crew.start, { concurrency: "unbounded", discard: true })
    yield* Console.log(`Causeway is listening on ${Gateway.urlOf(address.address, address.port)}`)
    yield* Effect.forkScoped(watch(workers))
    return yield* crew.keep
  }).pipe(Effect.scoped)

// What a later configuration may say that the workers cannot do.
const watch = (workers: number) =>
  Effect.flatMap(ConfigRef, ({ changes }) =>
    Stream.runForEach(changes, ({ config }) =>
      Effect.forEach(WorkerShare.unshareable(config, workers), ({ message, path }) =>
        Effect.logError(`The workers keep the last good configuration: ${formatPath(path)}: ${message}`)
      )
    )
  )
