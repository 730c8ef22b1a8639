import * as net from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as WorkerServer from "../http/WorkerServer.js"
import * as Messages from "./Messages.js"

/** The worker's end of the channel to the primary. */
export interface WorkerCrew extends WorkerServer.Crew {
  /** Says that it serves. */
  readonly ready: Effect.Effect<void>
}

/** How often the primary is told how many connections are open, in ms, if that has changed. */
const countInterval = 100

/** The crew of this process, which the primary has begun. When the primary is gone, all are to stop. */
export const make: Effect.Effect<WorkerCrew, never, Scope.Scope> = Effect.gen(function* () {
  const stopping = Deferred.unsafeMake<void>(FiberId.none)
  const released = Deferred.unsafeMake<void>(FiberId.none)
  let isStopping = false
  let take = (socket: net.Socket): void => void socket.destroy()

  const stop = () => {
    isStopping = true
    Deferred.unsafeDone(stopping, Effect.void)
  }
  const orphaned = () => {
    stop()
    Deferred.unsafeDone(released, Effect.void)
  }
  const onMessage = (message: unknown, handle: unknown) => {
    const decoded = Messages.decodeOrder(message)
    if (Option.isNone(decoded)) return
    const order = decoded.value
    switch (order._tag) {
      case "Take":
        say({ _tag: "Took", number: order.number })
        // The caller may have gone on the way.
        if (handle instanceof net.Socket) take(handle)
        return
      case "Released":
        return Deferred.unsafeDone(released, Effect.void)
      case "Stop":
        return stop()
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      process.on("message", onMessage)
      process.on("disconnect", orphaned)
      if (!process.connected) orphaned()
    }),
    () =>
      Effect.sync(() => {
        process.off("message", onMessage)
        process.off("disconnect", orphaned)
        // Otherwise the channel would keep the process.
        if (process.connected) process.disconnect()
      })
  )

  return {
    isStopping: () => isStopping,
    stopping: Deferred.await(stopping),
    join: (taker, open) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          take = taker
          let told = 0
          return setInterval(() => {
            if (open() === told) return
            told = open()
            say({ _tag: "Open", connections: told })
          }, countInterval)
        }),
        (timer) => Effect.sync(() => clearInterval(timer))
      ),
    ready: Effect.sync(() => say({ _tag: "Ready" })),
    leave: Effect.suspend(() => {
      say({ _tag: "Leaves" })
      return Deferred.await(released)
    })
  }
})

// A primary that is gone is told nothing.
const say = (report: Messages.Report): void => void process.send?.(report, undefined, undefined, () => {})
