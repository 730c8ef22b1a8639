import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

/** What was logged, for a test to read or to wait for. */
export interface LogLines {
  /** Every line so far: the level and the message. */
  readonly lines: ReadonlyArray<string>
  /** Resolves with the first line, past or to come, that contains the text. */
  readonly line: (text: string) => Promise<string>
  readonly logger: Logger.Logger<unknown, void>
  /** Logs to `lines` alone. */
  readonly layer: Layer.Layer<never>
}

/** An empty log. */
export const make = (): LogLines => {
  const lines: Array<string> = []
  const waiting: Array<() => void> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
    lines.push(`${logLevel.label} ${parts.map(String).join(" ")}`)
    for (const wake of waiting.splice(0)) wake()
  })
  return {
    lines,
    line: async (text) => {
      for (;;) {
        const found = lines.find((line) => line.includes(text))
        if (found !== undefined) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    logger,
    layer: Logger.replace(Logger.defaultLogger, logger)
  }
}
