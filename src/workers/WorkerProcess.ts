import { fork } from "node:child_process"
import type * as net from "node:net"
import * as Option from "effect/Option"
import * as ProcessConfig from "../config/ProcessConfig.js"
import type * as WorkerShare from "../domain/config/WorkerShare.js"
import * as Messages from "./Messages.js"

/** How a process has ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A worker as the primary sees it. */
export interface WorkerProcess {
  readonly seat: WorkerShare.Seat
  readonly pid: number | undefined
  /** Sends an order; one that is gone gets nothing. The primary keeps its own copy of the socket. */
  readonly send: (order: Messages.Order, socket?: net.Socket) => void
  readonly kill: (signal: NodeJS.Signals) => void
}

/** What the primary hears of a worker. */
export interface Listener {
  readonly onReport: (report: Messages.Report) => void
  /** Everything that it said has been heard. */
  readonly onLast: () => void
  readonly onEnd: (end: End) => void
}

/** Begins a worker: this very program with the same arguments, told its seat. */
export const start = (seat: WorkerShare.Seat, listener: Listener): WorkerProcess => {
  const [, program = "", ...args] = process.argv
  const child = fork(program, args, {
    env: { ...process.env, [ProcessConfig.workerVariable]: ProcessConfig.formatSeat(seat) }
  })
  child.on("message", (message) => Option.map(Messages.decodeReport(message), listener.onReport))
  child.once("exit", (code, signal) => {
    listener.onEnd({ code, signal })
    // There is no "disconnect" while a connection is on its way to it, so the end of the channel is looked for.
    const listen = (): void => (child.connected ? void setImmediate(listen) : listener.onLast())
    listen()
  })
  // One that cannot be begun has ended, too.
  child.on("error", () => {
    if (child.pid === undefined) listener.onEnd({ code: null, signal: null })
  })
  return {
    seat,
    pid: child.pid,
    send: (order, socket) => void child.send(order, socket, { keepOpen: true }, () => {}),
    kill: (signal) => void child.kill(signal)
  }
}

/** Which worker it is, in words. */
export const nameOf = ({ pid, seat }: WorkerProcess): string => `Worker ${seat.number} of ${seat.of} (process ${pid})`

/** An end in words. */
export const describeEnd = ({ code, signal }: End): string =>
  signal === null ? `ended with exit code ${code ?? "unknown"}` : `was killed by ${signal}`
