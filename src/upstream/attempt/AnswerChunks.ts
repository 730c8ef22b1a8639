import * as Option from "effect/Option"
import * as ChatStream from "../../domain/chat/answer/ChatStream.js"
import { reasonOf } from "../../domain/failure/Failure.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import type { Repetition } from "../../domain/wire/RepeatedEvent.js"
import * as SseEvents from "../../domain/wire/SseEvents.js"
import type { WholeAnswer } from "../../domain/chat/answer/WholeAnswer.js"
import { Gathered } from "../../flow/Gathered.js"
import type { BodyListener, UpstreamBody, UpstreamHead } from "../UpstreamCall.js"
import * as Utf8 from "../../flow/Utf8.js"

/** An answer as contract-true chunks, whether it comes as a stream of events or as one JSON body. */
export interface AnswerChunks {
  /** Sends the chunks to a listener from now on. */
  listen(listener: ChunkListener): void
  pause(): void
  resume(): void
  /** How much of the answer has been read, in bytes. */
  size(): number
  /** The whole answer as it came, where nothing of it had to be changed: it has no chunks then. */
  whole(): WholeAnswer | undefined
}

/** Hears of an answer; after `onEnd` nothing more comes. */
export interface ChunkListener {
  /** Whatever one read from the backend's socket amounted to, which may be nothing: a sign of life. */
  onChunks(chunks: ReadonlyArray<JsonObject.JsonObject>, content: boolean): void
  /** The same for what only repeats the chunks before with another text. */
  onRepeated(said: Repetition): void
  onEnd(end: ChatStream.StreamEnd): void
}

/** An answer that is held back whole may be this large, in bytes. */
export const maxWhole = 64 * 1024 * 1024

// Costs as much to make as to read an answer with; it drops a byte order mark.
const wholeUtf8 = new TextDecoder()

/** The chunks of a successful answer; its content type decides how it is read, not what was asked for. */
export const make = (head: UpstreamHead, repair: ChatStream.ChatStream, asked: "stream" | "whole"): AnswerChunks => {
  const type = String(head.headers["content-type"] ?? "").toLowerCase()
  const whole = type.includes("json") || type.includes("html") || (asked === "whole" && !type.includes("event-stream"))
  return whole ? new WholeReader(head.body, repair, asked) : new EventReader(head.body, repair)
}

abstract class Reader implements AnswerChunks, BodyListener {
  protected listener: ChunkListener | undefined = undefined
  protected read = 0
  protected ended = false

  constructor(
    protected readonly body: UpstreamBody,
    protected readonly repair: ChatStream.ChatStream
  ) {}

  abstract onData(bytes: Uint8Array): void
  abstract onEnd(): void
  abstract onLost(cause: unknown): void

  listen(listener: ChunkListener): void {
    this.listener = listener
    this.body.listen(this)
  }

  pause(): void {
    this.body.pause()
  }

  resume(): void {
    this.body.resume()
  }

  size(): number {
    return this.read
  }

  whole(): WholeAnswer | undefined {
    return undefined
  }

  protected end(how: ChatStream.StreamEnd): void {
    if (this.ended) return
    this.ended = true
    this.listener?.onEnd(how)
  }
}

class EventReader extends Reader {
  private readonly utf8 = Utf8.make()
  private readonly decoder = SseEvents.make()

  onData(bytes: Uint8Array): void {
    this.read += bytes.length
    if (this.ended) return
    const text = this.utf8.decode(bytes)
    const said = this.decoder.isBetween() ? this.repair.recall(text) : undefined
    if (said === undefined) this.pass(this.decoder.push(text))
    else this.listener?.onRepeated(said)
  }

  onEnd(): void {
    if (!this.ended) this.pass([...this.decoder.push(this.utf8.end()), ...this.decoder.end()])
    if (!this.ended) this.hand([this.repair.end()])
  }

  onLost(cause: unknown): void {
    if (this.ended) return
    // A complete answer needs no goodbye.
    const step = this.repair.end()
    const complete = step.end?._tag === "Finished"
    this.hand([complete ? step : { ...step, end: truncated(reasonOf(cause)) }])
  }

  private pass(events: ReadonlyArray<SseEvents.SseEvent>): void {
    this.hand(events.map((event) => this.repair.push(event)))
    if (this.decoder.overflowed()) this.end(truncated("an event was too large"))
  }

  private hand(steps: ReadonlyArray<ChatStream.Step>): void {
    const chunks: Array<JsonObject.JsonObject> = []
    let content = false
    let last: ChatStream.StreamEnd | undefined
    for (const step of steps) {
      chunks.push(...step.chunks)
      content ||= step.content
      last ??= step.end
    }
    this.listener?.onChunks(chunks, content)
    if (last !== undefined) this.end(last)
  }
}

class WholeReader extends Reader {
  private readonly gathered = new Gathered()
  private sound: WholeAnswer | undefined = undefined

  constructor(
    body: UpstreamBody,
    repair: ChatStream.ChatStream,
    private readonly asked: "stream" | "whole"
  ) {
    super(body, repair)
  }

  override whole(): WholeAnswer | undefined {
    return this.sound
  }

  onData(bytes: Uint8Array): void {
    if (this.ended) return
    this.gathered.push(bytes)
    this.read += bytes.length
    if (this.read > maxWhole) this.end(truncated("the answer was too large"))
  }

  onEnd(): void {
    if (this.ended) return
    const text = wholeUtf8.decode(this.gathered.take()).trim()
    const parsed = JsonObject.parse(text)
    if (Option.isNone(parsed)) return this.end(truncated("the answer is not a JSON object"))
    const body = parsed.value
    if (this.asked === "whole" && this.repair.takeWhole(body)) {
      this.sound = { body, text }
      return this.end(ChatStream.StreamEnd.Finished())
    }
    const step = this.repair.pushWhole(body)
    this.listener?.onChunks(step.chunks, step.content)
    this.end(step.end ?? ChatStream.StreamEnd.Finished())
  }

  onLost(cause: unknown): void {
    this.end(truncated(reasonOf(cause)))
  }

  protected override end(how: ChatStream.StreamEnd): void {
    this.gathered.drop()
    super.end(how)
  }
}

const truncated = (reason: string) => ChatStream.StreamEnd.Truncated({ reason })
