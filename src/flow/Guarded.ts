import * as Effect from "effect/Effect"

/** Does something at the end of something else; whatever fails in it is logged, and keeps nothing from what comes after it. */
export const guarded = (act: () => Effect.Effect<void> | undefined): Effect.Effect<void> | undefined => {
  try {
    const rest = act()
    return rest === undefined ? undefined : Effect.catchAllCause(rest, failed)
  } catch (defect) {
    return failed(defect)
  }
}

const failed = (cause: unknown) => Effect.logError("Something did not end as it should", cause)
