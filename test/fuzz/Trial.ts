import { isDeepStrictEqual } from "node:util"
import type * as AnswerRepair from "../../src/domain/chat/answer/AnswerRepair.js"
import * as ErrorBody from "../../src/domain/failure/ErrorBody.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as SseEvents from "../../src/domain/wire/SseEvents.js"
import * as Pipeline from "../support/Pipeline.js"
import * as WireContract from "../support/WireContract.js"
import * as Chance from "./Chance.js"
import * as Corpus from "./Corpus.js"
import * as Spoil from "./Spoil.js"

/** An event may be this long in some trials, in characters. */
const smallLimit = 2048

/** Parts of lines are gathered up to this size before they are looked at, in characters, as pieces of it would be. */
const gathered = 1024

/** How many times its size an answer may grow by what the repair adds to every chunk. */
const maxGrowth = 130

/** Spoils one answer with this seed and says what the gateway does wrong with it; a throw is wrong, too. */
export const run = (seed: number): WireContract.Problems => {
  const chance = Chance.make(seed)
  const options = optionsFor(chance)
  const how = chance.below(10)
  const problems = how < 7 ? runStream(options, chance) : how < 9 ? runWhole(options, chance) : runError(chance)
  return [...problems, ...pollution()]
}

const optionsFor = (chance: Chance.Chance): AnswerRepair.Options => {
  const options = drawn(chance)
  return { ...options, passUsage: !options.includeUsage, isOnly: false }
}

const drawn = (chance: Chance.Chance): Omit<AnswerRepair.Options, "passUsage" | "isOnly"> => ({
  operation: chance.happens(0.75) ? "chat" : "text",
  id: "own-id",
  model: "own-model",
  created: 1_800_000_000,
  prefix: chance.happens(0.2) ? "P" : "",
  includeUsage: chance.happens(0.5),
  cumulative: chance.happens(0.1)
})

const runStream = (options: AnswerRepair.Options, chance: Chance.Chance): WireContract.Problems => {
  const events = Spoil.spoilChunks(chance.pick(Corpus.streams), chance.pick(Corpus.streams), chance)
  const text =
    events.map((event) => `data: ${textOf(event)}\n\n`).join("") + (chance.happens(0.8) ? SseEvents.done : "")
  const bytes = Spoil.spoilBytes(Buffer.from(text), chance)
  const pieces = Spoil.cut(bytes, chance)
  const given = Buffer.from(bytes).toString()
  if (chance.happens(0.5)) {
    const type = chance.happens(0.8) ? "text/event-stream" : chance.pick(["application/json", "text/html", ""])
    return verdict(options, Pipeline.answer(pieces, type, chance.happens(0.2), options), given)
  }
  const limit = chance.happens(0.5) ? smallLimit : undefined
  const passed = Pipeline.stream(pieces, options, limit)
  const piece = Math.max(gathered, ...pieces.map(({ length }) => length))
  const held = limit !== undefined && passed.longest > limit + piece ? [`held ${passed.longest} characters`] : []
  return [...held, ...verdict(options, passed, given)]
}

const runWhole = (options: AnswerRepair.Options, chance: Chance.Chance): WireContract.Problems => {
  let body: unknown = chance.pick(Corpus.bodies)
  for (let rounds = chance.below(4); rounds > 0; rounds--) body = Spoil.spoilJson(body, chance)
  const text = textOf(body)
  const parsed = JsonObject.parse(text)
  return parsed._tag === "None" ? [] : verdict(options, Pipeline.whole(parsed.value, options), text)
}

// The body of an error response.
const runError = (chance: Chance.Chance): WireContract.Problems => {
  const body = chance.happens(0.5) ? chance.pick(Corpus.bodies) : { detail: [{ loc: ["a"], msg: "wrong" }] }
  const bytes = Spoil.spoilBytes(Buffer.from(textOf(Spoil.spoilJson(body, chance))), chance)
  return WireContract.checkError(JSON.stringify({ error: ErrorBody.read(Buffer.from(bytes).toString(), 400).error }))
}

const verdict = (options: AnswerRepair.Options, passed: Pipeline.Passed, given: string): WireContract.Problems => {
  const { body, ends, text } = passed
  const { operation, prefix } = options
  const whole = JSON.stringify(body) ?? ""
  const complete = ends[0]?._tag === "Finished"
  // A number beyond all bounds is written as null, which is another value.
  const stable = complete && prefix === "" && !given.includes("1e999")
  const reread = stable ? Pipeline.stream([Buffer.from(text)], { ...options, cumulative: false }).text : text
  return [
    ...(ends.length === 1 ? [] : [`${ends.length} ends`]),
    ...WireContract.checkStream(options, text),
    ...(complete ? WireContract.checkWhole(operation, whole) : []),
    ...(whole.length + text.length > (given.length + 1000) * maxGrowth ? [`grew to ${text.length} characters`] : []),
    ...(isSame(reread, text) ? [] : [`repaired again, it is another:\n${text}\n${reread}`])
  ]
}

// The fields of what was put together from several reports come in the order of the reports.
const isSame = (a: string, b: string): boolean => a === b || isDeepStrictEqual(valuesIn(a), valuesIn(b))

const valuesIn = (text: string): ReadonlyArray<unknown> =>
  text.split("\n\n").map((event) => JsonObject.parseValue(event.replace("data: ", "")))

/** What has become of the prototypes that everything shares. */
const pollution = (): WireContract.Problems =>
  Object.keys(Object.prototype).length + Object.keys(Array.prototype).length === 0 ? [] : ["polluted a prototype"]

/** JSON that may hold what `JSON.stringify` cannot write: numbers beyond all bounds, and great depth. */
const textOf = (value: unknown): string => {
  const text = write(value)
  return text.replaceAll("1e+300", "1e999")
}

const write = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? "null"
  } catch {
    return `{"choices":${"[".repeat(20_000)}${"]".repeat(20_000)}}`
  }
}
