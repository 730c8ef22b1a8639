import { performance } from "node:perf_hooks"
import * as Effect from "effect/Effect"
import type { Headers } from "../../src/domain/backend/Credentials.js"
import type { Connections, Controller, Request, ResponseHandler } from "../../src/http1/Dispatch.js"

/** One request to any connections, as it goes. */
export interface Asking {
  /** What has been told, in words. */
  readonly told: ReadonlyArray<string>
  readonly controller: () => Controller | undefined
  readonly text: () => string
  readonly size: () => number
  readonly head: Promise<Headers>
  /** Resolves with the text when the response has ended, and rejects with the cause when it breaks off. */
  readonly end: Promise<string>
}

const request: Request = {
  origin: "",
  path: "/v1/models",
  method: "GET",
  headers: {},
  body: null,
  headersTimeout: 0,
  bodyTimeout: 0
}

/** Sends a request; `hear` may take part in what the handler hears. */
export const ask = (
  connections: Connections,
  given: Partial<Request> = {},
  hear: Partial<ResponseHandler> = {}
): Asking => {
  const told: Array<string> = []
  const pieces: Array<Uint8Array> = []
  let controller: Controller | undefined
  let onHead = (_: Headers) => {}
  const head = new Promise<Headers>((resolve) => (onHead = resolve))
  const text = () => Buffer.concat(pieces).toString()
  const end = new Promise<string>((resolve, reject) => {
    connections.dispatch(
      { ...request, ...given },
      {
        onRequestStart: (by) => {
          told.push("start")
          controller = by
          hear.onRequestStart?.(by)
        },
        onResponseStart: (by, status, headers) => {
          told.push(String(status))
          onHead(headers)
          hear.onResponseStart?.(by, status, headers)
        },
        onResponseData: (by, bytes) => {
          pieces.push(bytes)
          hear.onResponseData?.(by, bytes)
        },
        onResponseEnd: (by) => {
          told.push("end")
          hear.onResponseEnd?.(by)
          resolve(text())
        },
        onResponseError: (by, cause) => {
          told.push("error")
          hear.onResponseError?.(by, cause)
          reject(cause instanceof Error ? cause : new Error(String(cause)))
        }
      }
    )
  })
  end.catch(() => {})
  const size = () => pieces.reduce((sum, piece) => sum + piece.length, 0)
  return { told, controller: () => controller, text, size, head, end }
}

/** So long a connection rests before it is used again, and a bit, in ms. */
const rest = 7

/** Resolves when a connection that has just become idle may be used again, whatever the clock of the test says. */
export const rested = async (): Promise<void> => {
  const until = performance.now() + rest
  // The first of them belongs to the turn in which it became idle.
  for (let turns = 0; turns < 2 || performance.now() < until; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The text of a response that ends, told when its connection may be used again. */
export const ended = ({ end }: Asking): Effect.Effect<string> => Effect.promise(() => end.finally(rested))

/** Why a response breaks off. */
export const broken = ({ end }: Asking): Effect.Effect<string> =>
  Effect.promise(() =>
    end.then(
      () => "it ended",
      (cause: Error) => cause.message
    )
  )
