import * as Schema from "effect/Schema"

/** What the writer of records has done since it began. */
export const WriterStats = Schema.Struct({
  /** Rows that the database took, replayed ones included. */
  stored: Schema.Number,
  /** Rows that went to the spool before the database. */
  spooled: Schema.Number,
  /** Rows that a process which died had left in its spool. */
  replayed: Schema.Number,
  /** Bytes of rows in the spool that the database does not have yet. */
  spoolBytes: Schema.Number,
  /** Lines of a spool that were no rows: the last one of a process that died, or a damaged file. */
  damagedLines: Schema.Number,
  /** Times that the database did not take rows. */
  storeFailures: Schema.Number,
  /** Databases that were corrupt and set aside. */
  corruptDatabases: Schema.Number,
  /** Archives deleted by `log.retention`. */
  archivesDeleted: Schema.Number,
  /** Rows that could only be stored without their bodies. */
  withheld: Schema.Number,
  /** Rows that no table took, even so: they are in a file beside the database. */
  setAside: Schema.Number,
  /** Rows that wait because nothing takes them: in the spool, and as the whole log says it, in memory too; 0 when all is well. */
  waiting: Schema.Number
})
export interface WriterStats extends Schema.Schema.Type<typeof WriterStats> {}

/**
 * What the record log has done since it began, and what waits in it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RecordStats extends WriterStats {
  /** Records that came in. */
  readonly taken: number
  /** Rows that wait in memory, and roughly their bytes. */
  readonly buffered: number
  readonly bufferedBytes: number
  /** Rows that were lost, because neither the database nor the spool took them and the memory was full. */
  readonly lost: number
  /** Answers under `sync` that went out although neither the database nor the spool took their row in time. */
  readonly unsynced: number
  /** Times that the writer's thread was begun again. */
  readonly restarts: number
}

/** Nothing done yet. */
export const none: WriterStats = {
  stored: 0,
  spooled: 0,
  replayed: 0,
  spoolBytes: 0,
  damagedLines: 0,
  storeFailures: 0,
  corruptDatabases: 0,
  archivesDeleted: 0,
  withheld: 0,
  setAside: 0,
  waiting: 0
}
