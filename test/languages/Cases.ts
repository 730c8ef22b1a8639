import type { Case } from "./Case.js"
import { answers } from "./cases/answers.js"
import { breaks } from "./cases/breaks.js"
import { failures } from "./cases/failures.js"

/** Every behaviour of a backend that each program meets, directly and through the gateway. */
export const cases: ReadonlyArray<Case> = [...answers, ...breaks, ...failures]
