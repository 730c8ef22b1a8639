import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { Delivery } from "../relay/Delivery.js"
import * as ResponseSink from "../relay/ResponseSink.js"
import { PulledSink } from "./PulledSink.js"

/** The side of a caller inside the process. */
export class LocalSink extends PulledSink<AnswerChunk> {
  // Whoever knows the end of an answer takes its last chunk and asks for no more.
  protected readonly isLastEnough = true
  private hasBegun = false
  private text = ""

  /** Where a stream goes: as the chunks that it is made of. */
  readonly delivery: Delivery<AnswerChunk> = {
    encode: (answer) => answer,
    begin: () => this.start(),
    send: (chunks) => {
      let size = 0
      for (const chunk of chunks) size += chunk.wire().length
      return this.hand(chunks, size)
    },
    drained: this.drained,
    abandon: () => {},
    finish: (end, readWithin) => ResponseSink.finish(this, end, readWithin, (onEnded) => this.end("", onEnded))
  }

  /** The last piece: the whole of an answer that is not streamed. */
  last(): string {
    return this.text
  }

  start(): void {
    this.hasBegun = true
  }

  // What is written in pieces comes as chunks.
  write(): boolean {
    return true
  }

  // Nobody asks for sound or images inside the process.
  writeBytes(): boolean {
    return true
  }

  end(text: string, onEnded: (delivered: boolean) => void): void {
    this.text = text
    this.finish(onEnded)
  }

  endShort(text: string, onEnded: (delivered: boolean) => void): void {
    this.end(text, onEnded)
  }

  breakOff(): boolean {
    if (this.hasBegun) this.stop()
    return this.hasBegun
  }
}
