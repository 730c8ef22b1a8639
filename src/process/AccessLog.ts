import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import { cut } from "../domain/text/CutText.js"
import * as IsoTime from "../domain/record/IsoTime.js"
import * as Printable from "../domain/text/Printable.js"
import type { RequestRecord } from "../domain/record/RequestRecord.js"

/** Writes a line for an exchange. */
export type Writer = (record: RequestRecord, fiber: Fiber.RuntimeFiber<unknown, unknown>, now: number) => void

/** Where the lines of the exchanges go. Default: to the loggers, as `Effect.logInfo` with annotations would send them. */
export const current: FiberRef.FiberRef<Writer> = FiberRef.unsafeMake<Writer>(toLoggers)

/** Sends the lines of the exchanges elsewhere. */
export const layer = (writer: Writer): Layer.Layer<never> => Layer.scopedDiscard(Effect.locallyScoped(current, writer))

/** Writes the line of the exchange that ran in this fiber; `now` in ms since the epoch. */
export const write = (record: RequestRecord, fiber: Fiber.RuntimeFiber<unknown, unknown>, now: number): void => {
  if (LogLevel.greaterThan(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), LogLevel.Info)) return
  fiber.getFiberRef(current)(record, fiber, now)
}

function toLoggers(record: RequestRecord, fiber: Fiber.RuntimeFiber<unknown, unknown>, now: number): void {
  const line = {
    fiberId: fiber.id(),
    logLevel: LogLevel.Info,
    message: ["exchange"],
    cause: Cause.empty,
    context: fiber.getFiberRefs(),
    spans: fiber.getFiberRef(FiberRef.currentLogSpan),
    annotations: HashMap.union(
      fiber.getFiberRef(FiberRef.currentLogAnnotations),
      HashMap.fromIterable(Object.entries(annotations(record)))
    ),
    date: new Date(now)
  }
  for (const logger of fiber.getFiberRef(FiberRef.currentLoggers)) logger.log(line)
}

/** JSON lines, as Effect's structured logger has them; a `HashMap` of the annotations would cost more than all the rest. */
export const json =
  (write: (line: string) => void): Writer =>
  (record, fiber, now) => {
    const timestamp = IsoTime.of(now)
    const fiberId = `#${fiber.id().id}`
    const own = fiber.getFiberRef(FiberRef.currentLogAnnotations)
    const line = annotations(record)
    const fields = HashMap.isEmpty(own) ? line : Object.assign(Object.fromEntries(own), line)
    write(Printable.json({ message: "exchange", logLevel: "INFO", timestamp, annotations: fields, spans: {}, fiberId }))
  }

const annotations = (record: RequestRecord) => {
  const line: Record<string, unknown> = {
    id: record.id,
    ip: record.IP,
    model: name(record.Model ?? record.RequestedModel),
    backend: record.Backend,
    status: record.Status,
    outcome: record.Outcome,
    ms: record.LatencyMs,
    ttft: record.TtftMs,
    tokens: record.TotalTokens
  }
  if (record.TokensEstimated === 1) line["tokens_estimated"] = true
  if (record.Cleaned !== null) line["cleaned"] = record.Cleaned
  if (record.Error !== null) line["error"] = cut(record.Error, Printable.longest)
  return line
}

const name = (text: string | null): string | null => (text === null ? null : cut(text, Printable.longest))
