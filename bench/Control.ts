import { monitorEventLoopDelay } from "node:perf_hooks"

/** What a process of the bench does when it is asked by name. */
export type Handlers = Readonly<Record<string, (argument: unknown) => unknown>>

/** What a process has used: CPU of all its threads since it began in µs, memory in bytes, event-loop delay in ms. */
export interface Usage {
  readonly cpu: number
  readonly rss: number
  readonly loopDelayP99: number
}

/** How often the event loop is looked at, in ms. */
const resolution = 10

/** Answers the runner over the process's control channel, and ends with the runner. */
export const serve = (handlers: Handlers): void => {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  const own: Handlers = {
    usage: (): Usage => {
      const { system, user } = process.cpuUsage()
      // Node counts the time between two looks, so an idle loop shows the resolution.
      return {
        cpu: user + system,
        rss: process.memoryUsage.rss(),
        loopDelayP99: delay.percentile(99) / 1e6 - resolution
      }
    },
    resetLoopDelay: () => delay.reset()
  }
  process.on("message", (message: unknown) => void answer({ ...own, ...handlers }, message))
  process.on("disconnect", () => process.exit())
}

const answer = async (handlers: Handlers, message: unknown): Promise<void> => {
  if (typeof message !== "object" || message === null || !("id" in message) || !("name" in message)) return
  const { id, name } = message
  const argument = "argument" in message ? message.argument : undefined
  try {
    process.send?.({ id, answer: await handlers[String(name)]?.(argument) })
  } catch (cause) {
    process.send?.({ id, error: cause instanceof Error ? cause.message : String(cause) })
  }
}
