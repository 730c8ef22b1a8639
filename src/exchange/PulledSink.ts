import * as Effect from "effect/Effect"
import type { CallerSink, SinkListener } from "../relay/ResponseSink.js"

/** So much may wait for the caller before the backend is held back, in characters; Node's own measure for a socket. */
const highWater = 16 * 1024

/** The side of a caller that takes what it is sent when it likes, in pieces of one kind. */
export abstract class PulledSink<A> implements CallerSink {
  private waiting: Array<A> = []
  private size = 0
  private isFull = false
  private isOver = false
  protected isGone = false
  private isCut = false
  private listener: SinkListener | undefined = undefined
  private onEnded: ((delivered: boolean) => void) | undefined = undefined
  private wake = () => {}
  private onDrained = () => {}

  readonly drained = Effect.async<void>((resume) => {
    if (this.isFull) this.onDrained = () => resume(Effect.void)
    else resume(Effect.void)
  })

  /** All pieces that came since the last time, waited for if need be; undefined when no more come. One waits at a time. */
  readonly take = Effect.async<ReadonlyArray<A> | undefined>((resume) => {
    const tryNow = () => {
      if (this.waiting.length === 0 && !this.isOver) return
      this.wake = () => {}
      resume(Effect.sync(() => this.taken()))
    }
    this.wake = tryNow
    tryNow()
    return Effect.sync(() => void (this.wake = () => {}))
  })

  /** Whether a caller that has taken the last piece has taken everything; else it has when it asks for another one. */
  protected abstract readonly isLastEnough: boolean

  abstract start(status: number, headers: Readonly<Record<string, string>>): void
  abstract write(text: string): boolean
  abstract writeBytes(bytes: Uint8Array): boolean
  abstract end(text: string, onEnded: (delivered: boolean) => void): void
  abstract endShort(text: string, onEnded: (delivered: boolean) => void): void
  abstract breakOff(): boolean

  listen(listener: SinkListener): void {
    this.listener = listener
    if (this.isGone) queueMicrotask(() => listener.onLeft())
  }

  abandon(): void {
    this.leave()
  }

  cut(): void {
    if (this.isCut) return
    this.isCut = true
    this.listener?.onCut()
  }

  /** The caller takes nothing more. */
  leave(): void {
    if (this.isGone) return
    this.isGone = true
    this.waiting = []
    if (this.onEnded !== undefined) this.settle(false)
    else if (!this.isOver) this.listener?.onLeft()
    this.stop()
  }

  /** Puts pieces of this size, in characters, before the caller; false asks to wait until it has taken them. */
  protected hand(pieces: ReadonlyArray<A>, size: number): boolean {
    if (this.isGone) return true
    for (const piece of pieces) this.waiting.push(piece)
    this.size += size
    this.isFull = this.size >= highWater
    this.wake()
    return !this.isFull
  }

  /** Nothing more comes; says when the caller has taken everything, or has not. */
  protected finish(onEnded: (delivered: boolean) => void): void {
    this.onEnded = onEnded
    if (this.isGone) this.settle(false)
    else if (this.isLastEnough && this.waiting.length === 0) this.settle(true)
    this.stop()
  }

  /** Whatever is taken from now on, no more comes. */
  protected stop(): void {
    this.isOver = true
    this.wake()
  }

  protected settle(delivered: boolean): void {
    const ended = this.onEnded
    this.onEnded = undefined
    ended?.(delivered)
  }

  private taken(): ReadonlyArray<A> | undefined {
    const pieces = this.waiting
    this.waiting = []
    this.size = 0
    if (this.isOver && (this.isLastEnough || pieces.length === 0)) this.settle(true)
    else if (this.isFull) {
      this.isFull = false
      this.onDrained()
    }
    return pieces.length === 0 ? undefined : pieces
  }
}
