import * as AnswerChunk from "../chat/answer/AnswerChunk.js"
import * as JsonObject from "../json/JsonObject.js"
import type { SentAnswer, SentChoice } from "../wire/SentAnswer.js"
import type { TextMatch } from "../text/TextMatch.js"
import * as Usage from "../chat/answer/Usage.js"

/** Turns the chunks of a second answer into those that go on with the first, which the caller has a part of. */
export interface Alignment {
  /** What of a chunk is new to the caller, or nothing; undefined at the first character that differs. */
  readonly push: (chunk: AnswerChunk.AnswerChunk) => ReadonlyArray<AnswerChunk.AnswerChunk> | undefined
  /** Whether the second answer has come to all that was sent of the first. */
  readonly through: () => boolean
}

/** The alignment of a second answer; `spent` is the usage of what came before it. */
export const make = (
  sent: SentAnswer,
  matchOf: (text: string) => TextMatch,
  spent: JsonObject.JsonObject | undefined
): Alignment => {
  const choices = new Map([...sent.choices].map(([index, choice]) => [index, alignChoice(choice, matchOf)]))
  return {
    push: (chunk) => {
      const { choices: list, usage, ...rest } = chunk.value()
      const fresh: Array<JsonObject.JsonObject> = []
      for (const choice of JsonObject.listOf(list).map(JsonObject.orEmpty)) {
        const aligned = choices.get(Number(choice["index"]))
        const result = aligned === undefined ? choice : aligned.push(choice)
        if (result === "differs") return undefined
        if (result !== undefined) fresh.push(result)
      }
      if (fresh.length === 0 && usage === undefined) return []
      const total = JsonObject.is(usage) ? { usage: Usage.add(spent, usage) } : {}
      return [AnswerChunk.make({ ...rest, ...sent.envelope, choices: fresh, ...total }, chunk.content)]
    },
    through: () => [...choices.values()].every((choice) => choice.through())
  }
}

interface ChoiceAlignment {
  readonly push: (choice: JsonObject.JsonObject) => JsonObject.JsonObject | "differs" | undefined
  readonly through: () => boolean
}

// What is of the answer itself, and may not be passed over.
const substance = new Set(["content", "refusal", "tool_calls", "function_call", "audio", "text"])

const alignChoice = (sent: SentChoice, matchOf: (text: string) => TextMatch): ChoiceAlignment => {
  const matches = new Map([...sent.texts].map(([field, text]) => [field, matchOf(text)]))
  const isThrough = () => [...matches.values()].every((match) => match.through())

  // Before everything is matched nothing passes but what goes beyond the sent text; undefined when something differs.
  const alignFields = (fields: JsonObject.JsonObject, ends: boolean): JsonObject.JsonObject | undefined => {
    const through = isThrough()
    const fresh: Record<string, unknown> = {}
    for (const [field, match] of matches) {
      const value = fields[field]
      const more = typeof value === "string" ? match.push(value) : ""
      const last = ends ? match.end() : ""
      if (more === undefined || last === undefined) return undefined
      if (more + last !== "") fresh[field] = more + last
    }
    for (const [field, value] of Object.entries(fields)) {
      if (field === "role" || matches.has(field) || !JsonObject.isPresent(value)) continue
      if (through || isThrough()) fresh[field] = value
      else if (substance.has(field)) return undefined
    }
    return fresh
  }

  return {
    push: (choice) => {
      if (sent.finished) return undefined
      const { delta, finish_reason: finish, index, text, ...rest } = choice
      const ends = JsonObject.isPresent(finish)
      const fields = alignFields(delta === undefined ? { text } : JsonObject.orEmpty(delta), ends)
      if (fields === undefined) return "differs"
      if (!ends && Object.keys(fields).length === 0) return undefined
      const body = delta === undefined ? { text: fields["text"] ?? "" } : { delta: fields }
      return { index, ...body, finish_reason: finish, ...rest }
    },
    through: () => sent.finished || isThrough()
  }
}
