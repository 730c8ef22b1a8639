import * as Either from "effect/Either"
import type { Backend } from "../../backend/Backend.js"
import * as Credentials from "../../backend/Credentials.js"
import * as Dialect from "../../backend/Dialect.js"
import * as Removed from "../../chat/request/Removed.js"
import * as Form from "../../form/Form.js"
import * as Upload from "../../form/Upload.js"
import type { MediaOperation } from "../../operation/MediaOperation.js"
import type { BackendProtocol } from "../BackendProtocol.js"
import * as OpenAiBackend from "../OpenAiBackend.js"

/**
 * Backends with such an endpoint. The caller's body goes on, with the backend's model and in its dialect; a form as it
 * came, byte for byte, but for what has to be another way.
 */
export const of = ({ path }: MediaOperation): BackendProtocol => ({
  ...OpenAiBackend.at(path),
  headers: ({ stream }, backend, caller) =>
    Credentials.upstreamHeaders(backend, caller, stream, stream ? "text/event-stream" : "*/*"),
  body: ({ body, form }, { backend, model }) => {
    const sent = { body: Dialect.translate(backend, { ...body, model }), removed: Removed.nothing }
    return Either.right(form === undefined ? sent : { ...sent, upload: uploadOf(form, backend, model) })
  }
})

const uploadOf = (form: Form.Form, backend: Backend, model: string): Upload.Upload => {
  const names = new Set(form.parts.map(Form.baseName))
  return Upload.of(form, (part) => changeOf(part, names, backend, model), names.has("model") ? {} : { model })
}

const changeOf = (
  part: Form.Part,
  names: ReadonlySet<string>,
  { dropParams, renameParams }: Backend,
  model: string
): Upload.Change | undefined => {
  if (part.name === "model") return part.value === model ? undefined : { _tag: "Value", value: model }
  const name = Form.baseName(part)
  const other = Object.hasOwn(renameParams, name) ? renameParams[name] : undefined
  // What the caller gave under the backend's own name stays.
  if (dropParams.includes(other ?? name) || (other !== undefined && names.has(other))) return { _tag: "Without" }
  return other === undefined ? undefined : { _tag: "Name", name: other + part.name.slice(name.length) }
}
