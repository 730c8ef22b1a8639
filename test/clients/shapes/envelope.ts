import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import { chunk, usageChunk } from "../../support/ScriptedUpstream.js"
import type { Shape } from "../Shape.js"
import { answers, done, stream, usage } from "../Shape.js"

const hello = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" })]
const whole = [...hello, chunk({}, "stop"), usageChunk(3, 2)]
const expected = answers("Hello", { usage: usage(3, 2) })

const each = (more: object, without: ReadonlyArray<string> = []): ReadonlyArray<object> =>
  whole.map((original) =>
    Object.fromEntries(Object.entries({ ...original, ...more }).filter(([key]) => !without.includes(key)))
  )

const enveloped = (name: string, proves: ReadonlyArray<string>, ...events: ReadonlyArray<object | string>): Shape => ({
  name,
  proves,
  answer: stream(...events, done),
  expected
})

const usageOnly = (more: object): object => ({ ...JsonObject.orEmpty(usageChunk(3, 2)), ...more })

/** What may stand around the choices. */
export const envelope: ReadonlyArray<Shape> = [
  enveloped(
    "a first chunk with nothing but prompt filter results",
    ["5.5"],
    { id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
    ...whole
  ),
  enveloped(
    "a filter result without a delta after the finish",
    ["5.6"],
    ...whole.slice(0, 4),
    {
      id: "",
      object: "",
      created: 0,
      model: "",
      choices: [{ index: 0, finish_reason: null, content_filter_offsets: { check_offset: 5 } }]
    },
    usageChunk(3, 2)
  ),
  enveloped("empty ids", ["5.23", "2.5 id empty/missing"], ...each({ id: "" })),
  enveloped("no ids", ["2.5 id empty/missing"], ...each({}, ["id"])),
  enveloped("another id in every chunk", ["§0.2"], ...whole.map((one, id) => ({ ...one, id: `chatcmpl-${id}` }))),
  enveloped("no object", ["2.5 object missing/other"], ...each({}, ["object"])),
  enveloped("the object of a whole answer", ["2.5 object missing/other"], ...each({ object: "chat.completion" })),
  enveloped("created as text", ["2.5 created string"], ...each({ created: "1700000000" })),
  enveloped("created with a fraction", ["2.5 created string"], ...each({ created: 1700000000.25 })),
  enveloped("created missing and no model", ["§0.2"], ...each({}, ["created", "model"])),
  enveloped("error: null in every chunk", ["2.4 error: null", "§0.6"], ...each({ error: null })),
  enveloped("an empty error object in every chunk", ["§0.6"], ...each({ error: {} })),
  enveloped("random padding", ["1.2 obfuscation"], ...each({ obfuscation: "aZ3k9" })),
  enveloped(
    "a null usage in every chunk but the last",
    ["1.2 usage:null"],
    ...hello.map((one) => ({ ...one, usage: null })),
    ...whole.slice(3)
  ),
  enveloped(
    "choices: null in the usage chunk",
    ["2.5 choices:null/missing"],
    ...whole.slice(0, 4),
    usageOnly({ choices: null })
  ),
  enveloped(
    "no choices in the usage chunk",
    ["2.5 choices:null/missing"],
    ...whole.slice(0, 4),
    usageOnly({ choices: undefined })
  ),
  enveloped(
    "empty chunks with empty names, and a cost after the usage",
    ["5.23"],
    { id: "", object: "", created: 0, model: "", choices: [] },
    ...whole,
    { choices: [], cost: "0" }
  ),
  enveloped("a null among the choices", ["§0.4"], chunk({}, null, { choices: [null] }), ...whole)
]
