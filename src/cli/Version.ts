import { createRequire } from "node:module"
import * as Schema from "effect/Schema"

const Package = Schema.Struct({ version: Schema.String })

/** The version in `package.json`. */
export const { version } = Schema.decodeUnknownSync(Package)(createRequire(import.meta.url)("../../package.json"))
