import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Headers } from "../domain/backend/Credentials.js"
import type { Form } from "../domain/form/Form.js"
import type { Exchange } from "../exchange/Exchange.js"
import * as Fingerprint from "../records/store/Fingerprint.js"
import type { CallerSink } from "../relay/ResponseSink.js"
import type { Departing } from "./CallerConnection.js"
import * as HostConnection from "./HostConnection.js"
import type { Incoming } from "./Incoming.js"
import * as MountedBody from "./MountedBody.js"
import { MountedSink } from "./MountedSink.js"
import type { BodyFailure } from "./RequestBody.js"

/** A request that a host's server has taken, on whatever platform: all that is known of it is what the host's app sees. */
export class Mounted implements Incoming, Departing {
  readonly headers: Headers
  readonly address: string | undefined
  private readonly answer: MountedSink
  private readonly unwatch: () => void
  private extra = (): Readonly<Record<string, string>> => ({})

  constructor(
    private readonly request: HttpServerRequest.HttpServerRequest,
    readonly path: string,
    private readonly scope: Scope.Scope
  ) {
    this.headers = request.headers
    this.address = Option.getOrUndefined(request.remoteAddress)
    this.answer = new MountedSink(request, () => this.extra())
    this.unwatch = HostConnection.watch(request, this)
  }

  /** The response, when there is one. */
  get response(): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return this.answer.response
  }

  fingerprint(): string | undefined {
    return Fingerprint.ofRequest(this.headers, this.request.url)
  }

  body(exchange: Exchange): Effect.Effect<string, BodyFailure> {
    return MountedBody.read(this.request, this.scope, exchange)
  }

  form(exchange: Exchange): Effect.Effect<Form, BodyFailure> {
    return MountedBody.form(this.request, this.scope, exchange)
  }

  sink(extra: () => Readonly<Record<string, string>>): CallerSink {
    this.extra = extra
    return this.answer
  }

  onClosed(): void {
    this.answer.close(false)
  }

  /** The host is done with the request. */
  close(exit: Exit.Exit<unknown, unknown>): void {
    this.unwatch()
    this.answer.close(Exit.isSuccess(exit))
  }
}
