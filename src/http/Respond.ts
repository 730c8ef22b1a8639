import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { ConfigRef } from "../config/ConfigRef.js"
import * as Cors from "../domain/caller/Cors.js"
import type { WireError } from "../domain/failure/WireError.js"
import * as RequestId from "../exchange/RequestId.js"

/** A JSON response outside of an exchange, with the headers that every response has. */
export const json = (
  status: number,
  body: object
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, ConfigRef | HttpServerRequest.HttpServerRequest> =>
  Effect.map(common(Cors.headersFor), (headers) =>
    HttpServerResponse.text(JSON.stringify(body), { status, headers, contentType: "application/json" })
  )

/** An error response outside of an exchange. */
export const error = ({ error, headers, status }: WireError) =>
  Effect.map(json(status, { error }), HttpServerResponse.setHeaders(headers))

/** The answer to a browser that asks whether it may send a request. */
export const preflight: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  ConfigRef | HttpServerRequest.HttpServerRequest
> = Effect.map(common(Cors.preflightFor), (headers) => HttpServerResponse.empty({ status: 204, headers }))

function common(cors: typeof Cors.headersFor) {
  return Effect.gen(function* () {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const { config } = yield* (yield* ConfigRef).current
    return { ...cors(headers["origin"], config.server), "x-request-id": RequestId.make() }
  })
}
