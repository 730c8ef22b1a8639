import * as Either from "effect/Either"
import * as Dialect from "../../backend/Dialect.js"
import * as Removed from "../../chat/request/Removed.js"
import type { PlainOperation } from "../../operation/PlainOperation.js"
import type { BackendProtocol } from "../BackendProtocol.js"
import * as OpenAiBackend from "../OpenAiBackend.js"

/**
 * Backends with such an endpoint. What a configuration adds to conversations (`max_tokens`, `stop`, `extra_body`) has
 * nothing to do with it: the caller's body goes on, with the backend's model and in its dialect.
 */
export const of = ({ isUnversioned, path }: PlainOperation): BackendProtocol => ({
  ...OpenAiBackend.at(path),
  ...(isUnversioned === undefined ? {} : { isUnversioned }),
  body: ({ body }, { backend, model }) =>
    Either.right({ body: Dialect.translate(backend, { ...body, model }), removed: Removed.nothing })
})
