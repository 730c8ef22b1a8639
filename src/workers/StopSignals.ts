const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Hears of every signal to stop, which then does nothing else; the result ends that. */
export const listen = (onSignal: (signal: NodeJS.Signals) => void): (() => void) => {
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
