import * as Duration from "effect/Duration"
import type { ServerSettings } from "./GatewayConfig.js"

/** What comes on top for all that follows when the last answer has ended. */
const last = Duration.seconds(5)

/** When a process that is to stop must have ended, counted from the signal; whatever holds it up then is given up. */
export const of = ({ drain, readyDelay }: Pick<ServerSettings, "drain" | "readyDelay">): Duration.Duration =>
  Duration.sum(Duration.sum(drain, readyDelay), last)
