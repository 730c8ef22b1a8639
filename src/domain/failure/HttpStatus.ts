/**
 * The annotation by which an `HttpApi` of `@effect/platform` chooses the status of a failure: its `HttpApiSchema` is not
 * imported for it.
 */
export const annotation: unique symbol = Symbol.for("@effect/platform/HttpApiSchema/AnnotationStatus")

/** Says with which status a failure is answered. */
export const of = (status: number) => ({ [annotation]: status })
