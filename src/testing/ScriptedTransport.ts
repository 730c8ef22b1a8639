import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import { LocalAnswer } from "../upstream/LocalAnswer.js"
import type { Request } from "../http1/Dispatch.js"
import type * as Transport from "../upstream/Transport.js"
import * as Script from "./Script.js"

/**
 * A request to a backend that a script answers.
 *
 * @category models
 * @since 0.1.0
 */
export interface BackendCall extends Script.Call {
  /** The backend's name. */
  readonly backend: string
}

/**
 * A request that was made, and to whom.
 *
 * @category models
 * @since 0.1.0
 */
export interface Made extends Script.Received {
  readonly backend: string
}

/** A transport without a network: a script answers in the place of every backend. */
export interface ScriptedTransport extends Transport.Pooling {
  /** Every request so far. */
  readonly calls: ReadonlyArray<Made>
}

/** A transport that runs the script for every request; a script that throws breaks the connection. */
export const make = (script: Script.Script<BackendCall>): ScriptedTransport => {
  const calls: Array<Made> = []

  const answer = async (call: BackendCall, failed: (cause: Error) => void): Promise<void> => {
    try {
      await script(call)
    } catch (cause) {
      failed(new Error("The script failed", { cause }))
    }
  }

  const connect = ({ name }: Backend): Transport.Connections => ({
    dispatch: (request, handler) => {
      const made = { ...receivedOf(request), backend: name }
      const number = calls.push(made) - 1
      let close = () => {}
      const closed = new Promise<void>((resolve) => (close = resolve))
      const local = new LocalAnswer(handler, () => close())
      local.begin(() => void answer(callOf(local, made, number, closed), (cause) => local.fail(cause)))
    }
  })

  return {
    calls,
    pool: (backend) => ({ ...connect(backend), retire: () => {}, destroy: () => Promise.resolve() }),
    single: connect
  }
}

const receivedOf = ({ body, headers, method, path }: Request): Script.Received => ({
  method,
  path,
  headers: { ...headers },
  body: Option.getOrElse(JsonObject.parse(typeof body === "string" ? body : ""), JsonObject.empty)
})

const callOf = (local: LocalAnswer, made: Made, number: number, closed: Promise<void>): BackendCall => {
  let headed = false
  const head = (status: number, headers: Record<string, string>) => {
    if (headed) return
    headed = true
    local.head(status, headers)
  }
  const open = () => head(200, { "content-type": "text/event-stream" })
  const write = (text: string | Uint8Array) => {
    open()
    local.data(Buffer.from(text))
  }
  return {
    backend: made.backend,
    received: made,
    number,
    closed,
    open,
    write,
    events: (...data) => write(Script.eventsOf(data)),
    json: (status, body, headers = {}) => {
      head(status, { "content-type": "application/json", ...headers })
      local.data(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)))
      local.end()
    },
    end: () => {
      open()
      local.end()
    },
    destroy: () => local.fail(new Error("closed by the script"))
  }
}
