import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import { ConfigInvalid } from "../domain/failure/Failure.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import * as Interpolation from "./Interpolation.js"
import * as Surroundings from "./Surroundings.js"
import * as KeyFiles from "./KeyFiles.js"

/** Interpolates and decodes a configuration of plain values; everything that is wrong with it comes back at once. */
export const read = (plain: GatewayConfig.Plain): Effect.Effect<GatewayConfig.GatewayConfig, ConfigInvalid> =>
  Effect.flatMap(Interpolation.plain(plain), ({ unset, value }) => decode(value, unset))

/** Decodes plain values as they are, whatever looks like a variable in them; `given` are wrong with them already. */
export const decode = (
  plain: unknown,
  given: ReadonlyArray<ConfigIssue> = []
): Effect.Effect<GatewayConfig.GatewayConfig, ConfigInvalid> =>
  Effect.gen(function* () {
    const issues = [...given, ...KeyFiles.unread(plain)]
    const decoded = GatewayConfig.decode(plain)
    const settled = Either.isRight(decoded) ? yield* Surroundings.settle(decoded.right) : decoded
    if (Either.isRight(settled) && issues.length === 0) return settled.right
    return yield* new ConfigInvalid({ issues: [...issues, ...Either.getOrElse(Either.flip(settled), () => [])] })
  })
