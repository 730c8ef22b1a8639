import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as ProxyEnvironment from "../domain/config/ProxyEnvironment.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import * as ProxyVariables from "./ProxyVariables.js"
import * as TlsFiles from "./TlsFiles.js"

/**
 * A configuration with what stands around it: the proxies of the environment, and the files that it names, which must be
 * there. Everything that is wrong with these comes back at once.
 */
export const settle = (
  config: GatewayConfig.GatewayConfig
): Effect.Effect<Either.Either<GatewayConfig.GatewayConfig, ReadonlyArray<ConfigIssue>>> =>
  Effect.map(ProxyVariables.read, (environment) => {
    const { backends, issues } = ProxyEnvironment.settle(config.backends, environment)
    const all = [...issues, ...TlsFiles.issues(backends)]
    return all.length === 0 ? Either.right({ ...config, backends }) : Either.left(all)
  })
