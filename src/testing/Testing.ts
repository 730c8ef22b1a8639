import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Either from "effect/Either"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as ConfigRef from "../config/ConfigRef.js"
import type { BootFailure } from "../domain/failure/Failure.js"
import { ConfigInvalid } from "../domain/failure/Failure.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import type { RequestRecord } from "../domain/record/RequestRecord.js"
import * as Routing from "../domain/routing/Routing.js"
import { Drain } from "../exchange/Drain.js"
import * as Gateway from "../Gateway.js"
import * as RequestLog from "../records/RequestLog.js"
import { Transport } from "../upstream/Transport.js"
import type { Script } from "./Script.js"
import * as ScriptedTransport from "./ScriptedTransport.js"

export { configs } from "./ConfigSamples.js"
export { requests } from "./RequestSamples.js"
export { answerWell, breakOff, chunk, completion, reject, silent, usageChunk } from "./Script.js"
export type { Call, Received, Script } from "./Script.js"
export type { BackendCall, Made } from "./ScriptedTransport.js"

/**
 * What a gateway under test is made of.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = ({ readonly config: Gateway.Config } | { readonly configFile: string }) & {
  /** Answers in the place of every backend, whatever its `base_url`. */
  readonly script: Script<ScriptedTransport.BackendCall>
  /** The dice are the same for the same seed. Default: `"causeway"`. */
  readonly seed?: string
}

/**
 * A gateway without a network, a disk or chance; everything else of it is the real one.
 *
 * @category models
 * @since 0.1.0
 */
export interface TestGateway {
  /** What `Gateway.layer` provides; what still runs when it closes is cut at once, whatever `server.drain` says. */
  readonly layer: Layer.Layer<Gateway.Services, BootFailure>
  /** Every request to a backend so far. */
  readonly calls: ReadonlyArray<ScriptedTransport.Made>
  /** The record of every exchange that has ended. */
  readonly records: ReadonlyArray<RequestRecord>
}

/**
 * A gateway to test a host or its configuration with.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Completions } from "causeway"
 * import * as Testing from "causeway/testing"
 *
 * const gateway = Testing.make({
 *   config: { openai_clients: [{ name: "demo", base_url: "https://demo.example", model_match: { value: "demo" } }] },
 *   script: Testing.answerWell("Hi")
 * })
 *
 * const answer = await Effect.flatMap(Completions.Completions, ({ complete }) =>
 *   complete({ model: "demo", messages: [{ role: "user", content: "Hello" }] })
 * ).pipe(Effect.provide(gateway.layer), Effect.runPromise)
 *
 * console.log(answer.choices[0].message.content, gateway.calls.length, gateway.records[0]?.Outcome)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ script, seed = "causeway", ...options }: Options): TestGateway => {
  const records: Array<RequestRecord> = []
  const transport = ScriptedTransport.make(script)
  const config =
    "config" in options
      ? ConfigRef.layerStatic(options.config)
      : ConfigRef.layerFile(options.configFile).pipe(Layer.provide(NodeFileSystem.layer))
  const layer = Layer.provideMerge(cutting, Gateway.layerCustom).pipe(
    Layer.provide([config, RequestLog.layerMemory(records), Layer.succeed(Transport, transport)]),
    Layer.provideMerge(Layer.setRandom(Random.make(seed)))
  )
  return { layer, calls: transport.calls, records }
}

// Built last, it is the first to close.
const cutting = Layer.scopedDiscard(
  Effect.flatMap(Drain, ({ drain }) => Effect.addFinalizer(() => Effect.withClock(drain(Duration.zero), Clock.make())))
)

/**
 * A script per backend, by its name; a call to any other backend breaks.
 *
 * @category scripts
 * @since 0.1.0
 */
export const byBackend =
  (scripts: Readonly<Record<string, Script<ScriptedTransport.BackendCall>>>): Script<ScriptedTransport.BackendCall> =>
  (call) => {
    const script = scripts[call.backend]
    if (script === undefined) throw new Error(`There is no script for backend ${call.backend}`)
    return script(call)
  }

/**
 * The configuration without chance: backends that serve the same model are tried in the order in which they stand.
 *
 * @category functions
 * @since 0.1.0
 */
export const inOrder = (config: Gateway.Config): Gateway.Config => ({
  ...config,
  openai_clients: config.openai_clients.map((backend) => ({ ...backend, priority: 0 }))
})

/**
 * A backend, and the model that it would be asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidate {
  readonly backend: string
  readonly model: string
}

/**
 * Who would be asked for a model, first to last, fallbacks included, and nobody where no backend serves it; `draw` gives the random number of each backend, in
 * [0, 1), of which the smaller go first. Without it backends of the same weight keep their order.
 *
 * @example
 * ```ts
 * import * as Testing from "causeway/testing"
 *
 * const config = {
 *   openai_clients: [
 *     { name: "big", base_url: "https://big.example", model_match: { value: "m" }, fallback: "s" },
 *     { name: "small", base_url: "https://small.example", model_match: { value: "s" } }
 *   ]
 * }
 *
 * console.log(Testing.plan(config, "m"))
 * ```
 *
 * @category functions
 * @since 0.1.0
 */
export const plan = (
  config: Gateway.Config,
  model: string,
  draw: (backend: string) => number = () => 0.5
): Either.Either<ReadonlyArray<Candidate>, ConfigInvalid> =>
  Either.mapBoth(GatewayConfig.decode(config), {
    onLeft: (issues) => new ConfigInvalid({ issues }),
    onRight: (decoded) =>
      Either.getOrElse(Routing.plan(decoded, model, draw), () => []).map((candidate) => ({
        backend: candidate.backend.name,
        model: candidate.model
      }))
  })
