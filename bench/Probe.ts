import * as Control from "./Control.js"

// Loaded into a gateway before its own code, so that it can be asked what it has used; it does not keep it alive.
Control.serve({})
process.channel?.unref()
