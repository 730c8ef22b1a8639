import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ListenFailed } from "../domain/failure/Failure.js"
import type { WorkerProcess } from "./WorkerProcess.js"

/** Accepts the connections of all workers, and hands each to the one that has the fewest open. */
export interface Acceptor {
  /** Begins to listen; the address that it has got. */
  readonly listen: (place: Place) => Effect.Effect<net.AddressInfo, ListenFailed>
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

/** Where to listen: at a socket of this process, if there is one, that listens already. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly socket: number | undefined
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
  const state: State = { open: new Map(), handed: new Map(), waiting: [], count: 0, beat: 0 }
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => {})
    hand(state, socket, state.beat)
  })
  return {
    listen: (place) => listen(server, place),
    close: () => {
      server.close()
      for (const socket of state.waiting.splice(0)) socket.destroy()
    },
    add: (worker) => {
      state.open.set(worker, 0)
      for (const socket of state.waiting.splice(0)) hand(state, socket, state.beat)
    },
    remove: (worker) => void state.open.delete(worker),
    got: (worker, number) => got(state, worker, number),
    counted: (worker, open) => {
      if (!state.open.has(worker)) return
      const onTheirWay = [...state.handed.values()].filter((each) => each.worker === worker).length
      state.open.set(worker, open + onTheirWay)
    },
    look: () => look(state),
    lost: (worker) => lost(state, worker)
  }
}

interface State {
  /** Whoever takes connections, and how many it has; the one that was handed none for longest comes first. */
  readonly open: Map<WorkerProcess, number>
  /** By number: what a worker was handed and has not got yet. */
  readonly handed: Map<number, Handed>
  /** What nobody was there for. */
  readonly waiting: Array<net.Socket>
  count: number
  beat: number
}

const listen = (server: net.Server, place: Place): Effect.Effect<net.AddressInfo, ListenFailed> =>
  Effect.async((resume) => {
    const { host, port, socket } = place
    server.once("error", (cause) => resume(new ListenFailed({ ...place, cause })))
    server.listen(socket === undefined ? { host, port, backlog } : { fd: socket, backlog }, () => {
      // Without a file left for it a connection is dropped; that must not end the process.
      server.on("error", () => {})
      const address = server.address()
      if (typeof address === "object" && address !== null) return resume(Effect.succeed(address))
      resume(new ListenFailed({ ...place, cause: new Error("it has no address of the Internet") }))
    })
  })

// Nothing has been read of it before a worker is told to take it, so until then it can be handed to another.
const hand = (state: State, socket: net.Socket, accepted: number): void => {
  const { beat, handed, open, waiting } = state
  const worker = fewest(open)
  if (worker === undefined) {
    if (waiting.length < backlog) waiting.push(socket)
    else socket.destroy()
    return
  }
  const before = open.get(worker) ?? 0
  open.delete(worker)
  open.set(worker, before + 1)
  const number = state.count++
  handed.set(number, { worker, socket, accepted, at: beat })
  worker.send({ _tag: "Offer", number }, socket)
}

const fewest = (open: State["open"]): WorkerProcess | undefined => {
  let found: WorkerProcess | undefined
  let least = Infinity
  for (const [worker, count] of open) {
    if (count >= least) continue
    found = worker
    least = count
  }
  return found
}

const got = ({ handed }: State, worker: WorkerProcess, number: number): void => {
  const each = handed.get(number)
  if (each === undefined) return worker.send({ _tag: "Drop", number })
  // The worker's copy is the connection from now on.
  each.socket.destroy()
  handed.delete(number)
  worker.send({ _tag: "Take", number })
}

const look = (state: State): void => {
  state.beat++
  for (const [number, { accepted, at, socket }] of state.handed) {
    if (state.beat - at <= beats.each) continue
    state.handed.delete(number)
    if (state.beat - accepted > beats.all) socket.destroy()
    else hand(state, socket, accepted)
  }
}

const lost = (state: State, worker: WorkerProcess): void => {
  state.open.delete(worker)
  for (const [number, each] of state.handed) {
    if (each.worker !== worker) continue
    state.handed.delete(number)
    hand(state, each.socket, each.accepted)
  }
}
