import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ListenFailed } from "../domain/failure/Failure.js"
import type { WorkerProcess } from "./WorkerProcess.js"

/** Accepts the connections of all workers, and hands each to the one that has the fewest open. */
export interface Acceptor {
  /** Begins to listen; the address that it has got. */
  readonly listen: (host: string, port: number) => Effect.Effect<net.AddressInfo, ListenFailed>
  /** Accepts no more. */
  readonly close: () => void
  /** Hands connections to this worker from now on. */
  readonly add: (worker: WorkerProcess) => void
  /** Hands it none any more. */
  readonly remove: (worker: WorkerProcess) => void
  /** A worker has got this connection: it takes it, unless another has been handed it in the meantime. */
  readonly got: (worker: WorkerProcess, number: number) => void
  /** The worker has so many connections open. */
  readonly counted: (worker: WorkerProcess, open: number) => void
  /** To be called at every beat: what a worker has not got in time, since it has no file left for it, goes to another. */
  readonly look: () => void
  /** The worker takes nothing any more: what it was handed and did not take goes to others. */
  readonly lost: (worker: WorkerProcess) => void
}

/** So many connections may wait for the system to accept them, and so many for a worker to be there. */
const backlog = 4_096

/** So many beats a worker has to get what it is handed, before another is; and so many all of them have together. */
const beats = { each: 3, all: 15 }

interface Handed {
  readonly worker: WorkerProcess
  readonly socket: net.Socket
  /** At which beat it was accepted, and handed to this worker. */
  readonly accepted: number
  readonly at: number
}

/** An acceptor that does not listen yet and knows no worker; it accepts nothing any more when the scope has closed. */
export const make: Effect.Effect<Acceptor, never, Scope.Scope> = Effect.suspend(() =>
  Effect.acquireRelease(
    Effect.sync(() => create()),
    ({ close }) => Effect.sync(close)
  )
)

const create = (): Acceptor => {
  /** Whoever takes connections, and how many it has; the one that was handed none for longest comes first. */
  const takers = new Map<WorkerProcess, number>()
  const handed = new Map<number, Handed>()
  const waiting: Array<net.Socket> = []
  let count = 0
  let beat = 0

  const fewest = (): WorkerProcess | undefined => {
    let found: WorkerProcess | undefined
    let least = Infinity
    for (const [worker, open] of takers) {
      if (open >= least) continue
      found = worker
      least = open
    }
    return found
  }

  // Nothing has been read of it before a worker is told to take it, so until then it can be handed to another.
  const hand = (socket: net.Socket, accepted = beat): void => {
    const worker = fewest()
    if (worker === undefined) {
      if (waiting.length < backlog) waiting.push(socket)
      else socket.destroy()
      return
    }
    const open = takers.get(worker) ?? 0
    takers.delete(worker)
    takers.set(worker, open + 1)
    const number = count++
    handed.set(number, { worker, socket, accepted, at: beat })
    worker.send({ _tag: "Offer", number }, socket)
  }

  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => {})
    hand(socket)
  })

  const close = () => {
    server.close()
    for (const socket of waiting.splice(0)) socket.destroy()
  }

  return {
    listen: (host, port) =>
      Effect.async((resume) => {
        server.once("error", (cause) => resume(new ListenFailed({ host, port, cause })))
        server.listen({ host, port, backlog }, () => {
          // Without a file left for it a connection is dropped; that must not end the process.
          server.on("error", () => {})
          const address = server.address()
          if (typeof address === "object" && address !== null) resume(Effect.succeed(address))
        })
      }),
    close,
    add: (worker) => {
      takers.set(worker, 0)
      for (const socket of waiting.splice(0)) hand(socket)
    },
    remove: (worker) => void takers.delete(worker),
    got: (worker, number) => {
      const each = handed.get(number)
      if (each === undefined) return worker.send({ _tag: "Drop", number })
      // The worker's copy is the connection from now on.
      each.socket.destroy()
      handed.delete(number)
      worker.send({ _tag: "Take", number })
    },
    counted: (worker, open) => {
      if (!takers.has(worker)) return
      const onTheirWay = [...handed.values()].filter((each) => each.worker === worker).length
      takers.set(worker, open + onTheirWay)
    },
    look: () => {
      beat++
      for (const [number, { accepted, at, socket }] of handed) {
        if (beat - at <= beats.each) continue
        handed.delete(number)
        if (beat - accepted > beats.all) socket.destroy()
        else hand(socket, accepted)
      }
    },
    lost: (worker) => {
      takers.delete(worker)
      for (const [number, each] of handed) {
        if (each.worker !== worker) continue
        handed.delete(number)
        hand(each.socket, each.accepted)
      }
    }
  }
}
