import * as Context from "effect/Context"
import type * as WorkerShare from "../domain/config/WorkerShare.js"

/** Which of the workers this gateway is; undefined for one that serves alone. */
export class WorkerSeat extends Context.Reference<WorkerSeat>()("causeway/http/WorkerSeat", {
  defaultValue: (): WorkerShare.Seat | undefined => undefined
}) {}
