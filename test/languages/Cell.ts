import * as Allowed from "./Allowed.js"
import type { Case } from "./Case.js"
import type { Client } from "./Clients.js"
import * as Clients from "./Clients.js"
import * as Compare from "./Compare.js"
import type { Both, Lane } from "./Lane.js"
import type { Program } from "./Program.js"

/** How a client fares in a case through the gateway, against how it fares alone. */
export type Cell =
  | { readonly _tag: "Same"; readonly both: Both }
  | { readonly _tag: "Better"; readonly both: Both; readonly gains: ReadonlyArray<Compare.Difference> }
  | { readonly _tag: "Worse"; readonly both: Both; readonly losses: ReadonlyArray<Compare.Difference> }
  /** Worse only in what is allowed. */
  | { readonly _tag: "Allowed"; readonly both: Both; readonly reasons: ReadonlyArray<Allowed.Allowed> }
  /** Not asked. */
  | { readonly _tag: "Unable"; readonly reason: string }
  /** The program itself failed. */
  | { readonly _tag: "Crashed"; readonly reason: string }

/** Asks in both ways; what is worse is asked again, more often where it hangs on who comes first. */
export const make = async (client: Client, program: Program, lane: Lane, one: Case): Promise<Cell> => {
  const reason = Clients.unable(client, one)
  if (reason !== undefined) return { _tag: "Unable", reason }
  try {
    const tries = one.callers === undefined && one.closed === undefined ? 2 : 3
    for (let number = 1; ; number++) {
      const cell = judge(client, one, await lane.ask(program, one))
      if (cell._tag !== "Worse" || number === tries) return cell
    }
  } catch (error) {
    return { _tag: "Crashed", reason: String(error) }
  }
}

const judge = (client: Client, one: Case, both: Both): Cell => {
  const { gains, losses } = Compare.compare(one, both.direct.seen, both.through.seen)
  const judged = losses.map((loss) => ({ loss, meant: Allowed.find(client, one, loss) }))
  const worse = judged.filter(({ meant }) => meant === undefined)
  if (worse.length > 0) return { _tag: "Worse", both, losses: worse.map(({ loss }) => loss) }
  const reasons = judged.flatMap(({ meant }) => (meant === undefined ? [] : [meant]))
  if (reasons.length > 0) return { _tag: "Allowed", both, reasons: [...new Set(reasons)] }
  return gains.length > 0 ? { _tag: "Better", both, gains } : { _tag: "Same", both }
}
