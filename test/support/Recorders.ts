import * as Effect from "effect/Effect"
import * as MonthlyRotation from "../../src/records/store/MonthlyRotation.js"
import { RecordStore } from "../../src/records/store/RecordStore.js"
import * as Recorder from "../../src/records/writer/Recorder.js"

/** A recorder over SQLite files. */
export const make = (options: Recorder.Options) =>
  Effect.flatMap(MonthlyRotation.make(options), (store) =>
    Effect.provideService(Recorder.make(options), RecordStore, store)
  )
