import type * as ChatStream from "../../domain/chat/answer/ChatStream.js"
import { ProtocolBroken } from "../../domain/failure/Failure.js"
import type * as JsonObject from "../../domain/json/JsonObject.js"
import type { Repetition } from "../../domain/wire/RepeatedEvent.js"
import type * as Alarm from "../../flow/Alarm.js"
import * as AnswerChunks from "./AnswerChunks.js"

/** What has come of an answer that is held back. */
export interface Held {
  /** Up to the first content of a stream, or all of an answer that is not streamed. */
  readonly chunks: ReadonlyArray<JsonObject.JsonObject>
  /** How the answer ended, when all of it has come; it may still be told in the turn in which `onHeld` was. */
  readonly ended: ChatStream.StreamEnd | undefined
}

/** What is held back, and who hears of it. */
export interface Options<E> {
  readonly chunks: AnswerChunks.AnswerChunks
  readonly repair: ChatStream.ChatStream
  readonly asked: "stream" | "whole"
  /** Rings when `limit` has passed. */
  readonly alarm: Alarm.Alarm
  readonly limit: Alarm.Limit<E>
  readonly onHeld: (held: Held) => void
  readonly onFailed: (failure: E | ProtocolBroken) => void
}

/** So many chunks without content may come before the first with some, and so many bytes. */
const most = { chunks: 1_000, bytes: 16 * 1024 * 1024 }

/** Keeps an answer back until there is something to commit to: the first content of a stream, or the end. */
export const begin = <E>(options: Options<E>): void => {
  const { alarm, chunks, limit, onFailed } = options
  alarm.set(limit.after, () => onFailed(limit.failure()))
  chunks.listen(new CommitPoint(options))
}

class CommitPoint<E> implements Held, AnswerChunks.ChunkListener {
  readonly chunks: Array<JsonObject.JsonObject> = []
  ended: ChatStream.StreamEnd | undefined = undefined

  constructor(private readonly options: Options<E>) {}

  onChunks(more: ReadonlyArray<JsonObject.JsonObject>, content: boolean): void {
    for (const chunk of more) this.chunks.push(chunk)
    const wrong = this.options.asked === "stream" ? this.wrongInStream(content) : this.wrongInWhole()
    if (wrong !== undefined) this.fail(new ProtocolBroken({ reason: wrong }))
    else if (content && this.options.asked === "stream") this.settle()
  }

  onRepeated(said: Repetition): void {
    this.onChunks([said.chunk()], true)
  }

  onEnd(end: ChatStream.StreamEnd): void {
    this.ended = end
    this.settle()
  }

  private wrongInStream(content: boolean): string | undefined {
    const { chunks, repair } = this.options
    if (repair.malformed() > 0) return "the stream is not JSON"
    const waits = this.chunks.length > most.chunks || chunks.size() > most.bytes
    return waits && !content ? "no content in the stream" : undefined
  }

  private wrongInWhole(): string | undefined {
    return this.options.chunks.size() > AnswerChunks.maxWhole ? "the answer was too large" : undefined
  }

  private settle(): void {
    this.stop()
    this.options.onHeld(this)
  }

  private fail(failure: ProtocolBroken): void {
    this.stop()
    this.options.onFailed(failure)
  }

  private stop(): void {
    this.options.alarm.clear()
    this.options.chunks.pause()
  }
}
