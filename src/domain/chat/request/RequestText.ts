import * as Either from "effect/Either"
import { BodyMalformed, BodyTooLarge } from "../../failure/Failure.js"
import * as ByteLength from "../../text/ByteLength.js"

/** The text that a request is sent as, of at most so many bytes; fails with what cannot be written as JSON. */
export const of = (request: unknown, most: number): Either.Either<string, BodyMalformed | BodyTooLarge> =>
  Either.try({
    try: () => JSON.stringify(request) ?? "",
    catch: () => new BodyMalformed({ reason: "The request cannot be written as JSON.", param: null })
  }).pipe(
    Either.filterOrLeft(
      (text) => ByteLength.isWithin(text, most),
      () => new BodyTooLarge({ limit: most })
    )
  )
