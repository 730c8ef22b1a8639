import * as net from "node:net"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Reread from "../config/Reread.js"
import type * as WorkerServer from "../http/WorkerServer.js"
import * as Messages from "./Messages.js"

/** The worker's end of the channel to the primary. */
export interface PrimaryChannel extends WorkerServer.PrimaryChannel {
  /** Says that it serves. */
  readonly ready: Effect.Effect<void>
}

/** How often the primary is told how many connections are open, in ms, if that has changed. */
const countInterval = 100

/** How long the primary may take to release a worker; one that hangs itself must not keep it. */
const releasePatience = Duration.seconds(2)

/**
 * The channel of this process to the primary that has begun it, which hears every `beat` ms that it lives. When the primary
 * is gone, all are to stop.
 */
export const make = Effect.fnUntraced(function* (beat: number) {
  const state: State = {
    stopping: Deferred.unsafeMake(FiberId.none),
    leaving: Deferred.unsafeMake(FiberId.none),
    released: Deferred.unsafeMake(FiberId.none),
    offered: new Map(),
    isStopping: false,
    isReleased: false,
    take: (socket) => void socket.destroy()
  }
  yield* listen(state, beat)
  const channel: PrimaryChannel = {
    isStopping: () => state.isStopping,
    stopping: Deferred.await(state.stopping),
    leaving: Deferred.await(state.leaving),
    join: (take, open) => join(state, take, open),
    ready: Effect.sync(() => say({ _tag: "Ready" })),
    leave: Effect.suspend(() => {
      say({ _tag: "Leaves" })
      const released = Deferred.await(state.released)
      return released.pipe(Effect.interruptible, Effect.timeoutOption(releasePatience), Effect.asVoid)
    })
  }
  return channel
})

interface State {
  readonly stopping: Deferred.Deferred<void>
  readonly leaving: Deferred.Deferred<void>
  readonly released: Deferred.Deferred<void>
  /** Connections of which the primary has not said yet whether they are to be taken. */
  readonly offered: Map<number, net.Socket>
  isStopping: boolean
  isReleased: boolean
  take: (socket: net.Socket) => void
}

const listen = (state: State, beat: number): Effect.Effect<void, never, Scope.Scope> => {
  const onMessage = (message: unknown, handle: unknown) =>
    void Option.map(Messages.decodeOrder(message), (order) => onOrder(state, order, handle))
  const onDisconnect = () => orphaned(state)
  return Effect.acquireRelease(
    Effect.sync(() => {
      process.on("message", onMessage)
      process.on("disconnect", onDisconnect)
      if (!process.connected) onDisconnect()
      say({ _tag: "Beat" })
      return setInterval(() => say({ _tag: "Beat" }), beat)
    }),
    (beating) =>
      Effect.sync(() => {
        clearInterval(beating)
        process.off("message", onMessage)
        process.off("disconnect", onDisconnect)
        // Otherwise the channel would keep the process.
        if (process.connected) process.disconnect()
      })
  )
}

const onOrder = (state: State, order: Messages.Order, handle: unknown): void => {
  switch (order._tag) {
    case "Offer":
      // The caller may have gone on the way.
      if (handle instanceof net.Socket) state.offered.set(order.number, handle.pause())
      return say({ _tag: "Got", number: order.number })
    case "Take": {
      const socket = decided(state, order.number)
      if (socket === undefined) return
      state.take(socket)
      return void socket.resume()
    }
    case "Drop":
      return void decided(state, order.number)?.destroy()
    case "Released":
      state.isReleased = true
      if (state.offered.size === 0) Deferred.unsafeDone(state.released, Effect.void)
      return
    case "Reread":
      return Reread.ask()
    case "Leave":
      return Deferred.unsafeDone(state.leaving, Effect.void)
    case "Stop":
      return stop(state)
  }
}

const decided = (state: State, number: number): net.Socket | undefined => {
  const { isReleased, offered, released } = state
  const socket = offered.get(number)
  offered.delete(number)
  if (isReleased && offered.size === 0) Deferred.unsafeDone(released, Effect.void)
  return socket
}

const orphaned = (state: State): void => {
  stop(state)
  // Whether one of them is another's by now nobody can say any more.
  for (const number of [...state.offered.keys()]) decided(state, number)?.destroy()
  Deferred.unsafeDone(state.released, Effect.void)
}

const stop = (state: State): void => {
  state.isStopping = true
  Deferred.unsafeDone(state.stopping, Effect.void)
}

const join = (state: State, take: State["take"], open: () => number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      state.take = take
      let told = 0
      return setInterval(() => {
        const present = open() + state.offered.size
        if (present === told) return
        told = present
        say({ _tag: "Open", connections: told })
      }, countInterval)
    }),
    (timer) => Effect.sync(() => clearInterval(timer))
  )

// A primary that is gone is told nothing.
const say = (report: Messages.Report): void => void process.send?.(report, undefined, undefined, () => {})
