import { assert, describe, it } from "@effect/vitest"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import * as Shadowing from "../../../src/domain/config/Shadowing.js"
import type { Entry } from "../generators.js"
import { backends, entry } from "../generators.js"

const found = (...entries: ReadonlyArray<Partial<Entry>>) =>
  Shadowing.find(backends(...entries.map((over, index) => entry({ name: `b${index}`, ...over })))).map(
    ({ path, message }) => `${formatPath(path).replace("openai_clients", "")}: ${message}`
  )

const exact = (...value: Array<string>) => ({ model_match: { type: "exact" as const, value } })
const keyword = (...value: Array<string>) => ({ model_match: { type: "keyword" as const, value } })

describe("Shadowing", () => {
  it("finds nothing where backends share their models", () => {
    assert.deepStrictEqual(found(exact("gpt-4"), exact("gpt-4"), keyword("gpt"), keyword("gpt-4", "o3")), [])
  })

  it("finds values that stand twice in a list", () => {
    assert.deepStrictEqual(found(exact("a", "b", "a")), ['[0].model_match.value[2]: "a" already stands in this list'])
    assert.deepStrictEqual(found(keyword("a", "a")), ['[0].model_match.value[1]: "a" already stands in this list'])
  })

  it("finds keywords that contain another of their list, wherever it stands; exact names do not shadow", () => {
    assert.deepStrictEqual(found(keyword("gpt-4", "gpt-")), [
      '[0].model_match.value[0]: "gpt-4" adds nothing: whatever contains it contains "gpt-"'
    ])
    assert.deepStrictEqual(found(exact("gpt-4", "gpt-")), [])
  })

  it("finds values that a pattern of their list covers, once", () => {
    assert.deepStrictEqual(found(exact("gpt-4", "gpt-*", "*-4")), [
      '[0].model_match.value[0]: "gpt-4" adds nothing: whatever fits it fits "gpt-*"'
    ])
    assert.deepStrictEqual(found(keyword("*a", "a")), [
      '[0].model_match.value[1]: "a" adds nothing: whatever contains it contains "*a"'
    ])
    assert.deepStrictEqual(found(keyword("a*b", "b")), [
      '[0].model_match.value[0]: "a*b" adds nothing: whatever contains it contains "b"'
    ])
  })

  it("knows what a pattern, any and the names of models take", () => {
    const only = (over: string) => `[0].priority: with priority 0 it is only asked for ${over} failed`
    const idle = { priority: 0 }
    assert.deepStrictEqual(found({ ...exact("gpt-4", "x"), ...idle }, exact("gpt-*")), [only('"gpt-4" when "b1"')])
    assert.deepStrictEqual(found({ ...exact("gpt-*"), ...idle }, exact("gpt-4")), [])
    assert.deepStrictEqual(found({ ...keyword("a"), ...idle }, { model_match: { type: "any" } }), [
      only('"a" when "b1"')
    ])
    const named = { model_match: null, models: { m: "their-m" } }
    assert.deepStrictEqual(found({ ...named, ...idle }, exact("m")), [only('"m" when "b1"')])
    assert.deepStrictEqual(found({ ...exact("m"), ...idle }, named), [only('"m" when "b1"')])
  })

  it("finds backends of priority 0 whose models others take", () => {
    assert.deepStrictEqual(found({ ...exact("m", "own"), priority: 0 }, exact("m"), keyword("m")), [
      '[0].priority: with priority 0 it is only asked for "m" when "b1", "b2" failed'
    ])
    assert.deepStrictEqual(found({ ...keyword("gpt-4"), priority: 0 }, keyword("gpt")), [
      '[0].priority: with priority 0 it is only asked for "gpt-4" when "b1" failed'
    ])
  })

  it("of several backends of priority 0 the first is asked", () => {
    assert.deepStrictEqual(found({ ...exact("m"), priority: 0 }, { ...exact("m"), priority: 0 }), [
      '[1].priority: with priority 0 it is only asked for "m" when "b0" failed'
    ])
  })

  it("leaves backends of priority 0 that are alone with a model, or with most of a keyword's", () => {
    assert.deepStrictEqual(found({ ...exact("m"), priority: 0 }, exact("other")), [])
    assert.deepStrictEqual(found({ ...keyword("gpt"), priority: 0 }, exact("gpt-4"), keyword("gpt-4")), [])
  })

  it("finds a fallback whose name is that of a backend but means a model of others", () => {
    const spare = { ...exact("x"), name: "spare" }
    assert.deepStrictEqual(found({ ...exact("m"), fallback: "spare" }, spare, exact("spare")), [
      '[0].fallback: means the model "spare", which "b2" serves, not the backend'
    ])
    assert.deepStrictEqual(found({ ...exact("m"), fallback: "spare" }, spare), [])
    assert.deepStrictEqual(found({ ...exact("m"), fallback: "spare" }, { ...exact("spare"), name: "spare" }), [])
  })
})
