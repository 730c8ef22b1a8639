import { availableParallelism } from "node:os"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ConfigRef from "../config/ConfigRef.js"
import * as ProcessConfig from "../config/ProcessConfig.js"
import type * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as WorkerShare from "../domain/config/WorkerShare.js"
import * as Gateway from "../Gateway.js"
import * as ProcessLog from "../process/ProcessLog.js"
import * as WarmThread from "../records/writer/WarmThread.js"
import * as SpareMemory from "../process/SpareMemory.js"
import * as LastDeadline from "../workers/LastDeadline.js"
import * as OpenFiles from "../workers/OpenFiles.js"
import type * as Primary from "../workers/Primary.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"

const options = {
  config: CommonOptions.config,
  host: Options.text("host").pipe(
    Options.withDescription("The address to listen on (SERVER_HOST)"),
    Options.withFallbackConfig(ProcessConfig.host)
  ),
  port: Options.integer("port").pipe(
    Options.withDescription("The port to listen on; 0 takes a free one (SERVER_PORT)"),
    Options.filterMap(ProcessConfig.portOption, "expected a port from 0 to 65535"),
    Options.withFallbackConfig(ProcessConfig.port)
  )
}

const announce = Layer.effectDiscard(
  Effect.flatMap(HttpServer.HttpServer, (server) =>
    Console.log(`Causeway is listening on ${Gateway.addressOf(server)}`)
  )
)

interface Settings {
  readonly config: string
  readonly host: string
  readonly port: number
}

const serve = (settings: Settings) =>
  Effect.gen(function* () {
    const recordPath = yield* ProcessConfig.recordPath
    const seat = yield* ProcessConfig.worker
    const beat = yield* ProcessConfig.beat
    if (Option.isNone(seat)) {
      const socket = Option.getOrUndefined(yield* ProcessConfig.socket)
      return yield* serveHere({ ...settings, socket }, recordPath, beat)
    }
    const worker = yield* workerProgram
    return yield* worker.run({ config: settings.config, recordPath, beat, seat: seat.value })
  }).pipe(Effect.provide(ProcessLog.layer), Ending.told)

interface Place extends Settings {
  readonly socket: number | undefined
}

const serveHere = ({ config, host, port, socket }: Place, recordPath: string, beat: number) =>
  Effect.gen(function* () {
    const { current } = yield* ConfigRef.ConfigRef
    const workers = countOf((yield* current).config)
    if (workers > 1) {
      WarmThread.drop()
      return yield* serveWithWorkers({ host, port, socket, workers, beat })
    }
    return yield* Layer.scopedDiscard(LastDeadline.armed).pipe(
      Layer.provide(Layer.mergeAll(announce, SpareMemory.layer, OpenFiles.layer)),
      Layer.provide(Gateway.serve({ host, port, socket })),
      Layer.provide(Gateway.layerRecorded(recordPath)),
      Layer.launch
    )
  }).pipe(Effect.provide(ConfigRef.layerFile(config)))

const serveWithWorkers = (options: Primary.Options) =>
  Effect.flatMap(primary, ({ run }) => run(options)).pipe(
    Effect.catchIf(
      (failure) => failure._tag === "WorkerNotStarted" && failure.said,
      () => new Ending.NotWell()
    )
  )

// Who serves alone can do without them.
const primary = Effect.promise(() => import("../workers/Primary.js"))
const workerProgram = Effect.promise(() => import("../workers/WorkerProgram.js"))

const countOf = ({ backends, server }: GatewayConfig.GatewayConfig): number =>
  server.workers === "auto" ? WorkerShare.automatic({ backends, server }, availableParallelism()) : server.workers

/** `causeway serve`: serves the gateway until it is told to stop. */
export const command = Command.make("serve", options, serve).pipe(
  Command.withDescription("Serve the gateway; what it does by default")
)
