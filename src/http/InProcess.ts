import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ApiRoutes from "./ApiRoutes.js"
import * as Routes from "./Routes.js"

/** A `fetch` that the gateway answers itself, for `Gateway.fetch`. */
export const fetch: Effect.Effect<typeof globalThis.fetch, never, ApiRoutes.Services> = Effect.map(
  Effect.runtime<ApiRoutes.Services>(),
  (runtime) => {
    const answer = HttpApp.toWebHandlerRuntime(runtime)(Routes.app)
    return async (input, init) => {
      const request = new Request(input, init)
      const { signal } = request
      signal.throwIfAborted()
      return untilAborted(signal, answer(request))
    }
  }
)

/** An `HttpClient` over it, for `Gateway.layerHttpClient`. */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, ApiRoutes.Services> = Layer.provide(
  FetchHttpClient.layer,
  Layer.effect(FetchHttpClient.Fetch, fetch)
)

// The handler hears of the signal; its answer would be an error response, and a body that has begun would go on.
const untilAborted = async (signal: AbortSignal, answered: Promise<Response>): Promise<Response> => {
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true })
  })
  const response = await Promise.race([answered, aborted])
  signal.throwIfAborted()
  if (response === undefined || response.body === null) return answered
  return new Response(abortable(response.body, signal), response)
}

// Read as its reader does and no earlier: a body that fails drops what was not read yet.
const abortable = (body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const onAbort = () => {
          controller.error(signal.reason)
          reader.cancel(signal.reason).catch(() => {})
        }
        signal.addEventListener("abort", onAbort, { once: true })
      },
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (signal.aborted) return
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason)
    },
    { highWaterMark: 0 }
  )
}
