import type { Shape } from "./Shape.js"
import { choices } from "./shapes/choices.js"
import { completions } from "./shapes/completions.js"
import { endings } from "./shapes/endings.js"
import { envelope } from "./shapes/envelope.js"
import { errors } from "./shapes/errors.js"
import { framing } from "./shapes/framing.js"
import { tools } from "./shapes/tools.js"
import { usages } from "./shapes/usages.js"
import { wholes } from "./shapes/wholes.js"
import { unreadable } from "./shapes/unreadable.js"
import { contents } from "./shapes/contents.js"
import { finishes } from "./shapes/finishes.js"
import { many } from "./shapes/many.js"
import { assembly } from "./shapes/assembly.js"
import { parts } from "./shapes/parts.js"
import { numbers } from "./shapes/numbers.js"
import { countings } from "./shapes/counts.js"
import { envelopings } from "./shapes/envelopes.js"
import { direct } from "./shapes/direct.js"
import { tooLong } from "./shapes/toolong.js"

/** Every shape of the matrix. */
export const shapes: ReadonlyArray<Shape> = [
  ...framing,
  ...envelope,
  ...choices,
  ...tools,
  ...usages,
  ...wholes,
  ...completions,
  ...errors,
  ...endings,
  ...unreadable,
  ...contents,
  ...finishes,
  ...many,
  ...assembly,
  ...parts,
  ...numbers,
  ...countings,
  ...envelopings,
  ...tooLong,
  ...direct
]
