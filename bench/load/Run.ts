import { performance } from "node:perf_hooks"
import * as Chat from "../Chat.js"
import type { Shape } from "../Shape.js"
import * as Call from "./Call.js"
import type { Tally } from "./Tally.js"

/** A load that is running. */
export interface Run {
  /** Resolves when it has its full strength. */
  readonly ready: Promise<void>
  /** Asks nothing more; resolves when everything that was asked has ended. */
  readonly stop: () => Promise<void>
}

/** How large an ordinary prompt is, in bytes. */
const smallPrompt = 600

/** Starts the load of a shape. */
export const start = (shape: Shape, target: Call.Target, tally: Tally): Run => {
  switch (shape._tag) {
    case "Closed":
      return closed(shape, target, tally)
    case "Open":
      return open(shape, target, tally)
    case "Streams":
      return streams(shape, target, tally)
    case "IdleStreams":
      return idleStreams(shape, target, tally)
    case "SlowReaders":
      return slowReaders(shape, target, tally)
    case "Bodies":
      return bodies(shape, target, tally)
  }
}

type Of<Tag extends Shape["_tag"]> = Extract<Shape, { readonly _tag: Tag }>

const closed = ({ connections, size }: Of<"Closed">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "Whole" }, size)
  return loops(connections, 0, (again) => Call.whole(target, ask(), tally, performance.now(), again))
}

const streams = ({ events, interval, streams }: Of<"Streams">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "Paced", events, interval }, smallPrompt)
  // Begun over the time that one takes, so that beginnings and ends are spread evenly ever after.
  const ramp = events * interval
  return loops(streams, ramp, (again) => void Call.stream(target, ask(), events, tally, { onDone: again }))
}

// So many loops, begun over `ramp` ms, each of which asks again when it is called back.
const loops = (count: number, ramp: number, ask: (again: () => void) => void): Run => {
  let stopping = false
  let running = 0
  let onIdle = () => {}
  const again = (): void => {
    if (!stopping) return ask(again)
    if (--running === 0) onIdle()
  }
  const begin = (): void => {
    if (stopping) return
    running++
    ask(again)
  }
  for (let n = 0; n < count; n++) setTimeout(begin, (n * ramp) / count)
  return {
    ready: new Promise((resolve) => setTimeout(resolve, ramp)),
    stop: () =>
      new Promise((resolve) => {
        stopping = true
        onIdle = resolve
        if (running === 0) resolve()
      })
  }
}

const open = ({ rate, size }: Of<"Open">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "Whole" }, size)
  const began = performance.now()
  let asked = 0
  let running = 0
  let onIdle = () => {}
  const done = (): void => {
    if (--running === 0) onIdle()
  }
  const timer = setInterval(() => {
    const due = ((performance.now() - began) * rate) / 1000
    while (asked < due) {
      running++
      Call.whole(target, ask(), tally, began + (asked++ * 1000) / rate, done)
    }
  }, 1)
  return {
    ready: Promise.resolve(),
    stop: () =>
      new Promise((resolve) => {
        clearInterval(timer)
        onIdle = resolve
        if (running === 0) resolve()
      })
  }
}

const idleStreams = ({ streams }: Of<"IdleStreams">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "HeldStream" }, smallPrompt)
  return once(streams, (onBegun, onDone) => void Call.stream(target, ask(), 1, tally, { onFirst: onBegun, onDone }))
}

const bodies = ({ count, size }: Of<"Bodies">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "HeldWhole" }, size)
  return once(count, (onBegun, onDone) => {
    Call.whole(target, ask(), tally, performance.now(), onDone)
    onBegun()
  })
}

// So many requests at once, which end when the upstream lets them.
const once = (count: number, ask: (onBegun: () => void, onDone: () => void) => void): Run => {
  let begun = 0
  let done = 0
  let onBegun = () => {}
  let onDone = () => {}
  const ready = new Promise<void>((resolve) => (onBegun = resolve))
  const ended = new Promise<void>((resolve) => (onDone = resolve))
  for (let n = 0; n < count; n++) {
    ask(
      () => ++begun === count && onBegun(),
      () => ++done === count && onDone()
    )
  }
  // One that ends before it begins would be waited for in vain; it is counted as wrong.
  return { ready: Promise.race([ready, ended]), stop: () => ended }
}

const slowReaders = ({ bytesPerSecond, readers }: Of<"SlowReaders">, target: Call.Target, tally: Tally): Run => {
  const ask = Chat.questions({ _tag: "Endless" }, smallPrompt)
  const calls: Array<Call.StreamCall> = []
  const run = once(readers, (onBegun, onDone) => {
    const call = Call.stream(target, ask(), Number.POSITIVE_INFINITY, tally, {
      onFirst: onBegun,
      onBytes: (size) => {
        call.pause()
        setTimeout(call.resume, (size / bytesPerSecond) * 1000)
      },
      onDone
    })
    calls.push(call)
  })
  return {
    ready: run.ready,
    stop: () => {
      for (const call of calls) call.leave()
      return run.stop()
    }
  }
}
