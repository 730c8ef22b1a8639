/** What the system has no more of for this process, or for the whole machine. */
const everywhere = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]
/** What is used up towards one address alone: its ports. */
const towardsOne = "EADDRNOTAVAIL"

/** A shortage of the gateway's own, for which no backend is to blame. */
export interface OwnShortage {
  /** The system's name for it. */
  readonly what: string
  /** Whether a connection to any other backend would fail alike. */
  readonly everywhere: boolean
}

/** The shortage that an error tells of, if it does; one of several addresses that fails for another reason is no shortage. */
export const of = (cause: unknown): OwnShortage | undefined => {
  if (cause instanceof AggregateError) {
    const shortages = cause.errors.map(of)
    return shortages.every((each) => each !== undefined) ? shortages[0] : undefined
  }
  if (!(cause instanceof Error) || !("code" in cause)) return undefined
  const code = String(cause.code)
  if (everywhere.includes(code)) return { what: code, everywhere: true }
  return code === towardsOne ? { what: code, everywhere: false } : undefined
}
