import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Gateway from "causeway"
import type { ConfigRef } from "../src/config/ConfigRef.js"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { BootFailure, ConfigInvalid, GatewayFailure, LogUnavailable } from "../src/domain/Failure.js"
import { ModelNotFound } from "../src/domain/Failure.js"
import { RelayEnd } from "../src/domain/Outcome.js"
import type { Completions } from "../src/exchange/Completions.js"
import type { Drain } from "../src/exchange/Drain.js"
import * as Handler from "../src/http/Handler.js"
import type { RequestLog } from "../src/log/RequestLog.js"
import type { Backends } from "../src/upstream/Backends.js"

// The compiler is the judge here: `tsc` fails where an error that is expected below does not come. Nothing is run.

type Needs = RequestLog | ConfigRef | Drain

const forward = (): Effect.Effect<string, GatewayFailure> => new ModelNotFound({ model: "m" })
const relay = (): Effect.Effect<RelayEnd> => Effect.succeed(RelayEnd.Completed())
const brokenRelay = (): Effect.Effect<RelayEnd, ModelNotFound> => new ModelNotFound({ model: "m" })

describe("the types of a route", () => {
  it("let a route be served that goes through Handler.answer", () => {
    const total: HttpRouter.HttpRouter<never, Needs> = HttpRouter.empty.pipe(
      HttpRouter.post("/x", Handler.answer("chat", forward, relay))
    )
    expectTypeOf(total).toEqualTypeOf<HttpRouter.HttpRouter<never, Needs>>()
  })

  it("let none be served that skips it", () => {
    const skipping = () => {
      const leaky = HttpRouter.empty.pipe(HttpRouter.post("/x", Effect.as(forward(), HttpServerResponse.empty())))
      // @ts-expect-error its failures would reach the server
      const total: HttpRouter.HttpRouter<never, Needs> = leaky
      return total
    }
    expectTypeOf(skipping).toBeFunction()
  })

  it("let no relay fail: after commit there is nobody to tell", () => {
    // @ts-expect-error a relay has no error channel
    const failing = () => Handler.answer("chat", forward, brokenRelay)
    expectTypeOf(failing).toBeFunction()
  })

  it("let no relay end without saying how", () => {
    // @ts-expect-error an outcome is a value that must be given
    const silent = () => Handler.answer("chat", forward, () => Effect.void)
    expectTypeOf(silent).toBeFunction()
  })

  it("let forward fail only in ways that have an answer on the wire", () => {
    // @ts-expect-error a plain Error has no status
    const unknown = () => Handler.answer("chat", () => Effect.fail(new Error("what?")), relay)
    expectTypeOf(unknown).toBeFunction()
  })

  it("leave an answered exchange without failures, and in need of a log", () => {
    const answered = () => Handler.answer("chat", forward, relay)
    expectTypeOf(answered).returns.toMatchTypeOf<Effect.Effect<unknown, never, unknown>>()
    // @ts-expect-error it cannot run without its services
    const run = () => Effect.runPromise(answered())
    expectTypeOf(run).toBeFunction()
  })
})

describe("the types of the library", () => {
  it("say which services the routes need", () => {
    expectTypeOf(Gateway.routes).toEqualTypeOf<
      HttpRouter.HttpRouter<never, Backends | ConfigRef | Drain | RequestLog>
    >()
    expectTypeOf<Gateway.Services>().toEqualTypeOf<Backends | ConfigRef | Drain | RequestLog | Completions>()
  })

  it("say how each layer fails, and that it needs nothing", () => {
    expectTypeOf(Gateway.layer).returns.toEqualTypeOf<Layer.Layer<Gateway.Services, ConfigInvalid | LogUnavailable>>()
    expectTypeOf(Gateway.layerFile).returns.toEqualTypeOf<Layer.Layer<Gateway.Services, BootFailure>>()
    expectTypeOf(Gateway.layerCustom).toEqualTypeOf<Layer.Layer<Gateway.Services, never, ConfigRef | RequestLog>>()
  })

  it("take either a configuration or a file", () => {
    const config: Gateway.Config = {
      openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" }, fallback: false }]
    }
    expectTypeOf({ config }).toMatchTypeOf<Gateway.StartOptions>()
    expectTypeOf({ configFile: "config.yaml", port: 0 }).toMatchTypeOf<Gateway.StartOptions>()
    // @ts-expect-error one of the two is needed
    const neither: Gateway.StartOptions = { port: 0 }
    expectTypeOf(neither).toBeObject()
  })

  it("know every key of config.yaml, and no other", () => {
    // @ts-expect-error a backend needs a name
    const nameless: Gateway.Config = { openai_clients: [{ base_url: "demo:", model_match: { value: "demo" } }] }
    const backend = { name: "demo", base_url: "demo:", model_match: { value: "demo" } }
    // @ts-expect-error there is no key of that name
    const unknown: Gateway.Config = { openai_clients: [backend], servers: {} }
    // @ts-expect-error a duration is a text with a unit
    const wrong: Gateway.Config = { openai_clients: [backend], server: { drain: 30 } }
    expectTypeOf([nameless, unknown, wrong]).toBeArray()
  })
})
