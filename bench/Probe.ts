import { writeFileSync } from "node:fs"
import { Session } from "node:inspector/promises"
import * as Control from "./Control.js"

// Loaded into a gateway before its own code, so that it can be asked what it has used; it does not keep it alive.
const session = new Session()

Control.serve({
  startProfile: async () => {
    session.connect()
    await session.post("Profiler.enable")
    await session.post("Profiler.setSamplingInterval", { interval: 500 })
    await session.post("Profiler.start")
  },
  /** Writes where the time went since the start into a file. */
  stopProfile: async (file) => {
    const { profile } = await session.post("Profiler.stop")
    writeFileSync(String(file), JSON.stringify(profile))
    session.disconnect()
  }
})
process.channel?.unref()
