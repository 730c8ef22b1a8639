import * as Schema from "effect/Schema"

const Count = Schema.Number.pipe(Schema.int(), Schema.positive())

/** What the load does to a target. */
export const Shape = Schema.Union(
  /** Closed model: each connection asks again as soon as it has its answer. Bodies of `size` bytes. */
  Schema.TaggedStruct("Closed", { connections: Count, size: Count }),
  /** Open model: so many requests a second, however long they take; a delay counts from when each was due. */
  Schema.TaggedStruct("Open", { rate: Count, size: Count }),
  /** So many streams at any time, each of `events` pieces, one every `interval` ms. */
  Schema.TaggedStruct("Streams", { streams: Count, events: Count, interval: Count }),
  /** So many streams that have begun and are silent, until the upstream goes on. */
  Schema.TaggedStruct("IdleStreams", { streams: Count }),
  /** So many callers of endless streams that read `bytesPerSecond` each, until the upstream waits for all of them. */
  Schema.TaggedStruct("SlowReaders", { readers: Count, bytesPerSecond: Count }),
  /** So many requests at once with bodies of `size` bytes, answered when all have arrived. */
  Schema.TaggedStruct("Bodies", { count: Count, size: Count })
)
export type Shape = Schema.Schema.Type<typeof Shape>

/** How many requests the upstream must hold at the end of a window for the shape to be what it says; 0 if it holds none. */
export const heldBy = (shape: Shape): number => {
  switch (shape._tag) {
    case "IdleStreams":
      return shape.streams
    case "SlowReaders":
      return shape.readers
    case "Bodies":
      return shape.count
    default:
      return 0
  }
}

/** What the load has seen of one window. Times in ms. */
export const Seen = Schema.Struct({
  /** Requests that were answered whole and right. */
  completed: Schema.Number,
  /** Pieces of streamed text that came in order. */
  events: Schema.Number,
  /** Requests that got anything else, and what the first of them was. */
  wrong: Schema.Number,
  dropped: Schema.Number,
  complaint: Schema.NullOr(Schema.String),
  latency: Schema.instanceOf(Float64Array),
  ttft: Schema.instanceOf(Float64Array),
  gaps: Schema.instanceOf(Float64Array)
})
export interface Seen extends Schema.Schema.Type<typeof Seen> {}
