import { performance } from "node:perf_hooks"
import type { Dispatcher } from "undici"
import type { Question } from "../Chat.js"
import * as AnswerCheck from "./AnswerCheck.js"
import type { Tally } from "./Tally.js"

/** Where questions go. */
export interface Target {
  readonly dispatcher: Dispatcher
  /** The path of the completions. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Asks for a whole answer and checks it; `due` is when its time begins, in ms of the process's clock. */
export const whole = (target: Target, question: Question, tally: Tally, due: number, onDone: () => void): void => {
  const pieces: Array<Buffer> = []
  let status = 0
  target.dispatcher.dispatch(post(target, question.body), {
    onRequestStart: () => {},
    onResponseStart: (_, code) => {
      status = code
    },
    onResponseData: (_, bytes) => void pieces.push(bytes),
    onResponseEnd: () => {
      const ended = performance.now()
      const complaint = AnswerCheck.whole(status, Buffer.concat(pieces).toString(), question.mark)
      if (complaint === undefined) tally.completed(ended - due)
      else tally.wrong(complaint)
      onDone()
    },
    onResponseError: (_, cause) => {
      tally.dropped(cause)
      onDone()
    }
  })
}

/** A stream that is being read. */
export interface StreamCall {
  readonly pause: () => void
  readonly resume: () => void
  /** Leaves; nothing that comes of it is counted. */
  readonly leave: () => void
}

/** What a caller of a stream hears: pieces as they come, in bytes, and the end. */
export interface StreamListener {
  readonly onBytes?: (size: number) => void
  readonly onFirst?: () => void
  readonly onDone: () => void
}

/** Asks for a streamed answer of `expected` pieces and checks every event. */
export const stream = (
  target: Target,
  question: Question,
  expected: number,
  tally: Tally,
  listener: StreamListener
): StreamCall => {
  const check = AnswerCheck.stream(question)
  const began = performance.now()
  let last: number | undefined
  let controller: Dispatcher.DispatchController | undefined
  let left = false

  const onData = (bytes: Uint8Array): void => {
    const now = performance.now()
    for (let pieces = check.push(bytes); pieces > 0; pieces--) {
      if (last === undefined) {
        tally.firstToken(now - began)
        listener.onFirst?.()
      }
      tally.event(last === undefined ? undefined : now - last)
      last = now
    }
    listener.onBytes?.(bytes.length)
  }

  target.dispatcher.dispatch(post(target, question.body), {
    onRequestStart: (given) => {
      controller = given
    },
    onResponseData: (_, bytes) => onData(bytes),
    onResponseEnd: () => {
      const whole = check.whole && check.pieces === expected
      if (whole && check.complaint === undefined) tally.completed(performance.now() - began)
      else tally.wrong(check.complaint ?? `a stream ended after ${check.pieces} of ${expected} pieces`)
      listener.onDone()
    },
    onResponseError: (_, cause) => {
      if (left && check.complaint !== undefined) tally.wrong(check.complaint)
      if (!left) tally.dropped(cause)
      listener.onDone()
    }
  })

  return {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    leave: () => {
      left = true
      controller?.abort(new Error("the caller leaves"))
    }
  }
}

const post = ({ headers, path }: Target, body: string): Dispatcher.DispatchOptions => ({
  method: "POST",
  path,
  headers,
  body
})
