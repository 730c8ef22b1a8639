import type { IncomingMessage, ServerResponse } from "node:http"
import type * as Effect from "effect/Effect"
import type { Headers } from "../domain/backend/Credentials.js"
import type { Form } from "../domain/form/Form.js"
import type { Exchange } from "../exchange/Exchange.js"
import type { CallerSink } from "../relay/ResponseSink.js"
import * as CallerFingerprint from "./CallerFingerprint.js"
import * as NodeSink from "./CallerSink.js"
import * as Endpoint from "./Endpoint.js"
import * as FormBody from "./FormBody.js"
import * as RequestBody from "./RequestBody.js"

/** A request that has come over HTTP, whose body has not been read, and the way back to its caller. */
export interface Incoming {
  /** What is asked for, below the place where the gateway is mounted. */
  readonly path: string
  readonly headers: Headers
  /** The address of its connection, where it is known. */
  readonly address: string | undefined
  /** The fingerprint of what it came with; undefined when that was no credential. */
  readonly fingerprint: () => string | undefined
  /** Its text. */
  readonly body: (exchange: Exchange) => Effect.Effect<string, RequestBody.BodyFailure>
  /** The form that it is, with its files, which are there to the end of the exchange. */
  readonly form: (exchange: Exchange) => Effect.Effect<Form, RequestBody.BodyFailure>
  /** Where the answer goes, with these headers, as they are by then, on whatever head is sent. */
  readonly sink: (extra: NodeSink.Extra, isDraining: () => boolean) => CallerSink
}

/** A request that a Node server of our own has taken. */
export const ofNode = (incoming: IncomingMessage, response: ServerResponse): Incoming => new OfNode(incoming, response)

// One object for each request, whose parts are worked out when they are asked for.
class OfNode implements Incoming {
  constructor(
    private readonly incoming: IncomingMessage,
    private readonly response: ServerResponse
  ) {}

  get path(): string {
    return Endpoint.pathOf(this.incoming.url ?? "")
  }

  get headers(): Headers {
    return this.incoming.headers
  }

  get address(): string | undefined {
    return this.incoming.socket.remoteAddress
  }

  fingerprint(): string | undefined {
    return CallerFingerprint.of(this.incoming)
  }

  body(exchange: Exchange): Effect.Effect<string, RequestBody.BodyFailure> {
    return RequestBody.read(this.incoming, exchange)
  }

  form(exchange: Exchange): Effect.Effect<Form, RequestBody.BodyFailure> {
    return FormBody.read(this.incoming, exchange)
  }

  sink(extra: NodeSink.Extra, isDraining: () => boolean): CallerSink {
    return NodeSink.make(this.response, () => (isDraining() ? { ...extra(), connection: "close" } : extra()))
  }
}
