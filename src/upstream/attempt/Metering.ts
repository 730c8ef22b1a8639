import type { ByteLease } from "../../admission/ByteBudget.js"
import type { BodyListener, UpstreamBody } from "../UpstreamCall.js"

/** The body of an answer that is held back, whose bytes count among those that all exchanges may hold in memory. */
export interface MeteredBody extends UpstreamBody {
  /** The answer is held back no more: what still comes is not counted. */
  passOn(): void
  /** Nobody waits for the body any more, and what was held of it is let go. */
  giveUp(): void
}

/** So many bytes are counted at a time; the first of them are not worth it. */
const step = 64 * 1024

/** Counts a body; it waits where there is no room, and `onRefused` hears once when it has waited in vain. */
export const make = (body: UpstreamBody, lease: ByteLease, onRefused: () => void): MeteredBody =>
  new Metered(body, lease, onRefused)

class Metered implements MeteredBody, BodyListener {
  private listener: BodyListener | undefined = undefined
  private room = step
  private taken = 0
  private isCounting = true
  private isPaused = false
  private isWaiting = false
  private stopWaiting = () => {}

  constructor(
    private readonly body: UpstreamBody,
    private readonly lease: ByteLease,
    private readonly onRefused: () => void
  ) {}

  listen(listener: BodyListener): void {
    this.listener = listener
    this.isPaused = false
    this.body.listen(this)
  }

  pause(): void {
    this.isPaused = true
    this.body.pause()
  }

  resume(): void {
    this.isPaused = false
    if (!this.isWaiting) this.body.resume()
  }

  passOn(): void {
    this.isCounting = false
    if (!this.isWaiting) return
    this.stopWaiting()
    this.isWaiting = false
    if (!this.isPaused) this.body.resume()
  }

  giveUp(): void {
    this.stopWaiting()
    this.isWaiting = false
    this.lease.giveBack(this.taken)
    this.taken = 0
  }

  onData(bytes: Uint8Array): void {
    if (this.isCounting) this.count(bytes.length)
    this.listener?.onData(bytes)
  }

  onEnd(): void {
    this.listener?.onEnd()
  }

  onLost(cause: unknown): void {
    this.listener?.onLost(cause)
  }

  private count(size: number): void {
    this.room -= size
    if (this.room >= 0) return
    const more = Math.max(step, -this.room)
    this.room += more
    if (this.lease.take(more)) this.taken += more
    else this.wait(more)
  }

  private wait(bytes: number): void {
    this.isWaiting = true
    this.body.pause()
    this.stopWaiting = this.lease.whenFree(bytes, (taken) => {
      this.isWaiting = false
      if (!taken) return this.onRefused()
      this.taken += bytes
      if (!this.isPaused) this.body.resume()
    })
  }
}
