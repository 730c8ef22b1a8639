import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as TextMatch from "../../../src/domain/text/TextMatch.js"
import { holds } from "../generators.js"

/** What is new in a text that comes in pieces; undefined when it does not fit. */
const read = (match: TextMatch.TextMatch, pieces: ReadonlyArray<string>): string | undefined => {
  let fresh = ""
  for (const piece of pieces) {
    const more = match.push(piece)
    if (more === undefined) return undefined
    fresh += more
  }
  const last = match.end()
  return last === undefined ? undefined : fresh + last
}

const cutAt = (text: string, sizes: ReadonlyArray<number>): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let rest = text
  for (const size of sizes) {
    pieces.push(rest.slice(0, size))
    rest = rest.slice(size)
  }
  return [...pieces, rest]
}

const sizes = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 20 })
const words = fc.string({ maxLength: 60 })

describe("a repeated text", () => {
  it("leads on from what was sent, however both are cut", () =>
    holds(fc.tuple(words, words, sizes), ([sent, more, cuts]) => {
      assert.strictEqual(read(TextMatch.repeated(sent), cutAt(sent + more, cuts)), more)
    }))

  it("does not fit from its first character that differs", () => {
    const match = TextMatch.repeated("one two three")
    assert.strictEqual(match.push("one "), "")
    assert.isFalse(match.through())
    assert.isUndefined(match.push("twO"))
  })

  it("that ends too early does not fit", () => assert.isUndefined(read(TextMatch.repeated("one two"), ["one"])))
})

describe("a continued text", () => {
  const sent = "The quick brown fox jumps over the lazy dog"

  it("is new when it repeats nothing", () => {
    assert.strictEqual(read(TextMatch.continued(sent), [" and", " runs"]), " and runs")
  })

  it("loses the end that it repeats, and the whole", () => {
    assert.strictEqual(read(TextMatch.continued(sent), ["the la", "zy dog", " and runs"]), " and runs")
    assert.strictEqual(read(TextMatch.continued(sent), [...sent, " and runs"]), " and runs")
    assert.strictEqual(read(TextMatch.continued("x".repeat(5_000)), ["x".repeat(5_000), " end"]), " end")
  })

  it("keeps a repetition that may be chance", () => {
    assert.strictEqual(read(TextMatch.continued("It was in the year 20"), ["20", "26"]), "2026")
  })

  it("takes the longest repetition", () => {
    assert.strictEqual(read(TextMatch.continued("abcdefgh abcdefgh"), ["abcdefgh abcdefgh!"]), "!")
  })

  it("does not double the white space that was sent last", () => {
    assert.strictEqual(read(TextMatch.continued("The quick brown "), [" fox"]), "fox")
    assert.strictEqual(read(TextMatch.continued("The quick brown "), ["fox"]), "fox")
  })

  it("that ends while it might still be a repetition is taken for new", () => {
    assert.strictEqual(read(TextMatch.continued(sent), ["the la"]), "the la")
    assert.strictEqual(read(TextMatch.continued(sent), []), "")
  })

  it("goes on with an overlap of any size from the smallest, however it is cut", () =>
    holds(
      fc.tuple(
        fc.uniqueArray(fc.integer({ min: 0x4e00, max: 0x9000 }), { minLength: 30, maxLength: 60 }),
        sizes,
        fc.nat()
      ),
      ([codes, cuts, at]) => {
        const text = String.fromCharCode(...codes)
        const middle = TextMatch.minOverlap + (at % (text.length - TextMatch.minOverlap))
        const overlap = TextMatch.minOverlap + (at % (middle - TextMatch.minOverlap + 1))
        const match = TextMatch.continued(text.slice(0, middle))
        assert.strictEqual(read(match, cutAt(text.slice(middle - overlap), cuts)), text.slice(middle))
      }
    ))
})

describe("a continued text that is compared piece by piece", () => {
  const minOverlap = TextMatch.minOverlap

  /** The rule as it reads: all of what has come is compared from each beginning, after every piece. */
  const atOnce = (sent: string, held: string, ended: boolean): number | undefined => {
    const all = Array.from({ length: Math.max(0, sent.length - minOverlap + 1) }, (_, start) => start)
    const starts = all.filter((start) => sent.startsWith(held.slice(0, sent.length - start), start))
    const whole = starts.find((start) => sent.length - start <= held.length)
    const space = sent.slice(sent.trimEnd().length)
    if (whole !== undefined && (ended || whole === starts[0])) return sent.length - whole
    if (!ended && starts.length > 0) return undefined
    const differs = [...space].findIndex((character, at) => held[at] !== character)
    const common = differs === -1 ? space.length : differs
    return ended || common === space.length || common < held.length ? common : undefined
  }

  const expected = (sent: string, cut: ReadonlyArray<string>): string => {
    let held = ""
    for (const [at, piece] of cut.entries()) {
      held += piece
      const size = atOnce(sent, held, false)
      if (size !== undefined) return held.slice(size) + cut.slice(at + 1).join("")
    }
    return held.slice(atOnce(sent, held, true))
  }

  it("is what it is when all of it is compared each time", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 24 })
    const claim = ([sent, more, from, cuts]: readonly [string, string, number, ReadonlyArray<number>]) => {
      const cut = cutAt(sent.slice(from % (sent.length + 1)) + more, cuts)
      assert.strictEqual(read(TextMatch.continued(sent), cut), expected(sent, cut))
    }
    holds(fc.tuple(letters, letters, fc.nat(), sizes), claim, 5_000)
    const periodic = fc.integer({ min: 0, max: 12 }).map((times) => "ab ".repeat(times))
    holds(fc.tuple(periodic, periodic, fc.nat(), sizes), claim, 2_000)
  })
})
