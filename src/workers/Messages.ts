import * as Schema from "effect/Schema"

/** What the primary tells a worker. */
export const Order = Schema.Union(
  /** A connection, which comes with it; it may be somebody else's by the time that it is there, so nothing is read of it. */
  Schema.TaggedStruct("Offer", { number: Schema.Number }),
  /** The connection is the worker's. */
  Schema.TaggedStruct("Take", { number: Schema.Number }),
  /** Another has the connection. */
  Schema.TaggedStruct("Drop", { number: Schema.Number }),
  /** No connection comes after this. */
  Schema.TaggedStruct("Released", {}),
  /** An operator asks to have read again what may have changed on the disk. */
  Schema.TaggedStruct("Reread", {}),
  /** It is to leave, as if it were alone: others have the socket, and nobody is to be refused. */
  Schema.TaggedStruct("Leave", {}),
  /** All workers are to stop. */
  Schema.TaggedStruct("Stop", {})
)
export type Order = typeof Order.Type

/** What a worker tells the primary. */
export const Report = Schema.Union(
  /** It serves, and wants connections. */
  Schema.TaggedStruct("Ready", {}),
  /** It lives. */
  Schema.TaggedStruct("Beat", {}),
  /** It has got this connection, and asks whether it is to take it. */
  Schema.TaggedStruct("Got", { number: Schema.Number }),
  /** So many of its connections are open. */
  Schema.TaggedStruct("Open", { connections: Schema.Number }),
  /** It wants no more connections. */
  Schema.TaggedStruct("Leaves", {})
)
export type Report = typeof Report.Type

/** Reads what came over the channel; none of it for what others may send there. */
export const decodeOrder = Schema.decodeUnknownOption(Order)
/** As {@link decodeOrder}. */
export const decodeReport = Schema.decodeUnknownOption(Report)
