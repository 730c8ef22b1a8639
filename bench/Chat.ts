// What load and upstream both know of the conversation, so that each can check what the other was sent.

const paragraph =
  "A gateway stands between those who ask and those who answer; it is good when neither notices that it is there. " +
  "It carries every word, in order, once, and says so plainly when it could not."

/** The model names tell the upstream how to answer. */
export type Model =
  | { readonly _tag: "Whole" }
  /** `events` pieces of text, one every `interval` ms. */
  | { readonly _tag: "Paced"; readonly events: number; readonly interval: number }
  /** One piece of text, and the rest when the upstream is told to go on. */
  | { readonly _tag: "HeldStream" }
  /** Nothing until the upstream is told to go on. */
  | { readonly _tag: "HeldWhole" }
  /** Text without end in long pieces, as fast as it is read. */
  | { readonly _tag: "Endless" }

/** The model as a name, such as `bench:paced:100:20`. */
export const nameOf = (model: Model): string =>
  model._tag === "Paced" ? `bench:paced:${model.events}:${model.interval}` : `bench:${model._tag.toLowerCase()}`

/** The model of a name; undefined for any other name. */
export const modelOf = (name: string): Model | undefined => {
  const [, tag, events, interval] = /^bench:(\w+)(?::(\d+):(\d+))?$/.exec(name) ?? []
  switch (tag) {
    case "whole":
      return { _tag: "Whole" }
    case "paced":
      return { _tag: "Paced", events: Number(events), interval: Number(interval) }
    case "heldstream":
      return { _tag: "HeldStream" }
    case "heldwhole":
      return { _tag: "HeldWhole" }
    case "endless":
      return { _tag: "Endless" }
    default:
      return undefined
  }
}

/** How a question is to be answered, and the mark that its answer must repeat. */
export interface Marked {
  readonly model: Model
  readonly mark: string
}

/** A question, and the body that asks it. */
export interface Question extends Marked {
  readonly body: string
}

/** Asks questions of one kind, each with its own mark; `size` is about how many bytes a body has. */
export const questions = (model: Model, size: number): (() => Question) => {
  const stream = model._tag === "Paced" || model._tag === "HeldStream" || model._tag === "Endless"
  const filler = paragraph.repeat(Math.ceil(size / paragraph.length)).slice(0, size)
  const body = JSON.stringify({
    model: nameOf(model),
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: `MARK ${filler} ${last}` }
    ],
    temperature: 0.7,
    ...(stream ? { stream: true } : {})
  })
  const [head = "", tail = ""] = body.split("MARK")
  let asked = 0
  return () => {
    const mark = `mark-${String(asked++).padStart(9, "0")}`
    return { model, mark, body: head + mark + tail }
  }
}

/** The end of every prompt: whoever cuts one is found out. */
const last = "That was the whole question."

/** What the upstream reads of a body that it was sent. */
export interface Asked extends Marked {
  readonly usage: boolean
}

/** Reads a body without parsing it, which would make the upstream the bottleneck; undefined when a part is missing. */
export const read = (body: string): Asked | undefined => {
  const model = modelOf(/"(bench:[\w:]+)"/.exec(body)?.[1] ?? "")
  const mark = /mark-\d{9}/.exec(body)?.[0]
  if (model === undefined || mark === undefined || !body.includes(last)) return undefined
  return { model, mark, usage: /"include_usage":\s*true/.test(body) }
}

/** The whole answer to a mark. */
export const answerTo = (mark: string): string => `${mark} ${paragraph}`

/** One piece of a streamed answer. */
export const pieceOf = ({ mark, model }: Marked, index: number): string => {
  if (index === 0) return mark
  return model._tag === "Endless" ? ` word${index} ${long}` : ` word${index}`
}

/** Long enough that megabytes of it, which the kernel keeps for a reader who is slow, are few events. */
const long = paragraph.repeat(40)
