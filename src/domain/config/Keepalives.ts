import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import type { ServerSettings } from "./GatewayConfig.js"

/** So often a comment may come at most: some clients give up after a number of lines that tell them nothing. */
const least = Duration.seconds(5)

/** A `server.keepalive` so short that it costs some callers a slow answer. */
export const find = ({ keepalive }: Pick<ServerSettings, "keepalive">): ReadonlyArray<ConfigIssue> =>
  Option.exists(keepalive, (every) => Duration.lessThan(every, least))
    ? [{ path: ["server", "keepalive"], message: advice }]
    : []

const advice = `a comment more often than every ${Duration.format(least)} makes clients give up that count lines without data, as go-openai does after 300`
