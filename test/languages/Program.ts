import * as Driver from "../support/Driver.js"
import type { Seen, Task } from "./Seen.js"
import { Reply } from "./Seen.js"

/** A program in another language that asks what it is told to. */
export type Program = Driver.Driver<Task, Seen>

/** Longer than any client waits and asks again, in ms. */
const patience = 90_000

/** Starts a program by its command line. */
export const start = (command: ReadonlyArray<string>): Program => Driver.start(command, Reply, patience)
