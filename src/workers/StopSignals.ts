import { constants } from "node:os"
import { isatty } from "node:tty"
import * as Reread from "../config/Reread.js"

type Listener = (signal: NodeJS.Signals) => void

const stopping = ["SIGINT", "SIGTERM", "SIGQUIT"] as const

/** SIGUSR1 would have Node listen for a debugger, and SIGUSR2 would end the process. */
const ignored = ["SIGUSR1", "SIGUSR2"] as const

/** Whoever is told to stop when the terminal of a gateway is gone. */
const terminalListeners = new Set<Listener>()

let isGateway = false

/**
 * Has this process heed signals as a gateway, from its very beginning: one to stop that comes before anything runs ends it
 * in peace, and SIGHUP has everything read again, unless it says that the terminal is gone.
 */
export const begin = (): void => {
  isGateway = true
  const terminals = [0, 1, 2].filter((file) => isatty(file))
  const isGone = () => terminals.length > 0 && !terminals.some((file) => isatty(file))
  process.on("SIGHUP", (signal) => {
    if (!isGone()) return Reread.ask()
    for (const listener of [...terminalListeners]) listener(signal)
  })
  for (const signal of ignored) process.on(signal, () => {})
  for (const signal of stopping) process.on(signal, endEarly)
}

/** Hears of every signal to stop, which then does nothing else; the result ends that. */
export const listen = (onSignal: Listener): (() => void) => {
  for (const signal of stopping) process.off(signal, endEarly).on(signal, onSignal)
  if (isGateway) terminalListeners.add(onSignal)
  else process.on("SIGHUP", onSignal)
  return () => {
    for (const signal of stopping) process.off(signal, onSignal)
    terminalListeners.delete(onSignal)
    process.off("SIGHUP", onSignal)
  }
}

/** The exit code that stands for a signal where the system lets none end the process: the first one of a container. */
export const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const endEarly = (): never => process.exit(0)
