import * as Driver from "../support/Driver.js"
import type { Read } from "./Matrix.js"
import { Reply } from "./Normal.js"

/** A client in a process of its own. */
export interface Client {
  readonly read: Read
  readonly stop: () => void
}

/** Longer than any shape takes, in ms. */
const patience = 20_000

/** Starts a driver with this Node. */
export const start = (node: string, driver: URL): Client => {
  const { ask, stop } = Driver.start([node, driver.pathname], Reply, patience)
  return { read: (task) => ask(task), stop }
}
