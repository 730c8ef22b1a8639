/**
 * What a cause says of itself, in one line; the innermost `Error` speaks.
 *
 * @category functions
 * @since 0.1.0
 */
export const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.cause instanceof Error) return reasonOf(cause.cause)
  return cause.message === "" && "code" in cause ? String(cause.code) : cause.message
}
