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
  ...endings
]
