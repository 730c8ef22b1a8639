import * as net from "node:net"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as WorkerServer from "../http/WorkerServer.js"
import * as Messages from "./Messages.js"

/** The worker's end of the channel to the primary. */
export interface WorkerCrew extends WorkerServer.Crew {
  /** Says that it serves. */
  readonly ready: Effect.Effect<void>
}

/** How often the primary is told how many connections are open, in ms, if that has changed. */
const countInterval = 100

/** How long the primary may take to release a worker; one that hangs itself must not keep it. */
const releasePatience = Duration.seconds(2)

/**
 * The crew of this process, which the primary has begun and which hears every `beat` ms that it lives. When the primary is
 * gone, all are to stop.
 */
export const make = Effect.fnUntraced(function* (beat: number) {
  const stopping = Deferred.unsafeMake<void>(FiberId.none)
  const released = Deferred.unsafeMake<void>(FiberId.none)
  /** Connections of which the primary has not said yet whether they are to be taken. */
  const offered = new Map<number, net.Socket>()
  let isStopping = false
  let isReleased = false
  let take = (socket: net.Socket): void => void socket.destroy()

  const stop = () => {
    isStopping = true
    Deferred.unsafeDone(stopping, Effect.void)
  }
  const decided = (number: number): net.Socket | undefined => {
    const socket = offered.get(number)
    offered.delete(number)
    if (isReleased && offered.size === 0) Deferred.unsafeDone(released, Effect.void)
    return socket
  }
  const orphaned = () => {
    stop()
    // Whether one of them is another's by now nobody can say any more.
    for (const number of [...offered.keys()]) decided(number)?.destroy()
    Deferred.unsafeDone(released, Effect.void)
  }
  const onMessage = (message: unknown, handle: unknown) => {
    const decoded = Messages.decodeOrder(message)
    if (Option.isNone(decoded)) return
    const order = decoded.value
    switch (order._tag) {
      case "Offer":
        // The caller may have gone on the way.
        if (handle instanceof net.Socket) offered.set(order.number, handle.pause())
        return say({ _tag: "Got", number: order.number })
      case "Take": {
        const socket = decided(order.number)
        if (socket === undefined) return
        take(socket)
        return void socket.resume()
      }
      case "Drop":
        return void decided(order.number)?.destroy()
      case "Released":
        isReleased = true
        if (offered.size === 0) Deferred.unsafeDone(released, Effect.void)
        return
      case "Stop":
        return stop()
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      process.on("message", onMessage)
      process.on("disconnect", orphaned)
      if (!process.connected) orphaned()
      say({ _tag: "Beat" })
      return setInterval(() => say({ _tag: "Beat" }), beat)
    }),
    (beating) =>
      Effect.sync(() => {
        clearInterval(beating)
        process.off("message", onMessage)
        process.off("disconnect", orphaned)
        // Otherwise the channel would keep the process.
        if (process.connected) process.disconnect()
      })
  )

  const crew: WorkerCrew = {
    isStopping: () => isStopping,
    stopping: Deferred.await(stopping),
    join: (taker, open) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          take = taker
          let told = 0
          return setInterval(() => {
            const present = open() + offered.size
            if (present === told) return
            told = present
            say({ _tag: "Open", connections: told })
          }, countInterval)
        }),
        (timer) => Effect.sync(() => clearInterval(timer))
      ),
    ready: Effect.sync(() => say({ _tag: "Ready" })),
    leave: Effect.suspend(() => {
      say({ _tag: "Leaves" })
      return Deferred.await(released).pipe(Effect.interruptible, Effect.timeoutOption(releasePatience), Effect.asVoid)
    })
  }
  return crew
})

// A primary that is gone is told nothing.
const say = (report: Messages.Report): void => void process.send?.(report, undefined, undefined, () => {})
