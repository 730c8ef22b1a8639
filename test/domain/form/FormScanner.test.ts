import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Boundary from "../../../src/domain/form/Boundary.js"
import * as Form from "../../../src/domain/form/Form.js"
import { FormScanner } from "../../../src/domain/form/FormScanner.js"
import * as HeaderParameters from "../../../src/domain/form/HeaderParameters.js"
import * as Upload from "../../../src/domain/form/Upload.js"

const boundary = "a-b"

interface Given {
  readonly name: string
  readonly file: boolean
  readonly content: Uint8Array
}

const bytesOf = (parts: ReadonlyArray<Given>): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ content, file, name }) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file ? '; filename="f"' : ""}\r\n\r\n`
      ),
      content,
      Buffer.from("\r\n")
    ]),
    Buffer.from(`--${boundary}--\r\nwhat comes behind is not read`)
  ])

const scan = (pieces: ReadonlyArray<Uint8Array>): Either.Either<Form.Form, string> => {
  const scanner = new FormScanner(boundary)
  for (const piece of pieces) {
    const wrong = scanner.push(Buffer.from(piece))
    if (wrong !== undefined) return Either.left(wrong)
  }
  const all = Buffer.concat(pieces)
  return Either.map(scanner.end(), (parts) => ({
    boundary,
    parts,
    bytes: { size: all.length, read: (from, to) => [all.subarray(from, to)] }
  }))
}

const cutAt = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((to, n) => bytes.subarray(places[n], to))
}

// Near to a boundary, with all that it is made of.
const content = fc
  .array(fc.constantFrom("\r", "\n", "-", "--", "a", "b", "a-b", "\r\n--a-", "\r\n--", "x"), { maxLength: 12 })
  .map((pieces) => pieces.join(""))
  .filter((text) => !`\r\n${text}\r\n`.includes(`\r\n--${boundary}`))
  .map((text) => Buffer.from(text))

const given = fc.array(fc.record({ name: fc.constantFrom("model", "file", "image[]"), file: fc.boolean(), content }), {
  maxLength: 6
})

const collected = async ({ open }: Upload.Upload): Promise<Buffer> => {
  const pieces: Array<Uint8Array> = []
  for await (const piece of open()) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe("FormScanner", () => {
  it("finds the same parts however the bytes are cut", () => {
    fc.assert(
      fc.property(given, fc.array(fc.nat(), { maxLength: 20 }), (parts, cuts) => {
        const bytes = bytesOf(parts)
        const read = Either.getOrThrow(scan(cutAt(bytes, cuts)))
        assert.deepStrictEqual(
          read.parts.map(({ begin, end, filename, name, value }) => ({
            name,
            file: filename !== undefined,
            content: bytes.subarray(begin, end).toString(),
            value
          })),
          parts.map((part) => ({
            name: part.name,
            file: part.file,
            content: Buffer.from(part.content).toString(),
            value: part.file ? undefined : Buffer.from(part.content).toString()
          }))
        )
      })
    )
  })

  it("finds none in what was cut off", () => {
    fc.assert(
      fc.property(given, fc.nat(), (parts, cut) => {
        const bytes = bytesOf(parts)
        const end = bytes.lastIndexOf("--\r\nwhat")
        assert.isTrue(Either.isLeft(scan([bytes.subarray(0, cut % (end + 1))])))
      })
    )
  })

  it("refuses what is no form", () => {
    for (const text of [
      `--${boundary}x\r\n\r\n\r\n--${boundary}--`,
      `--${boundary}\r\ncontent-disposition: form-data\r\n\r\n\r\n--${boundary}--`,
      `--${boundary}\r\nx: ${"y".repeat(5_000)}`,
      `--${boundary}${" ".repeat(100)}`,
      `--${boundary}\r\ncontent-disposition: form-data; name=x\r\n\r\n\r\n`.repeat(1_001)
    ]) {
      assert.isTrue(Either.isLeft(scan([Buffer.from(text)])), text.slice(0, 100))
    }
  })

  it("does not read fields without end", () => {
    const long = { name: "prompt", file: false, content: Buffer.alloc(70_000, "x") }
    const { parts } = Either.getOrThrow(scan([bytesOf([long])]))
    assert.deepInclude(parts[0], { name: "prompt", value: undefined })
    const many = Array.from({ length: 30 }, () => ({ ...long, content: Buffer.alloc(60_000, "x") }))
    const read = Either.getOrThrow(scan([bytesOf(many)])).parts.filter(({ value }) => value !== undefined)
    assert.isBelow(read.length, 20)
  })
})

describe("Upload", () => {
  it("is the form as it came, with what is changed in it, and as long as it says", () =>
    fc.assert(
      fc.asyncProperty(given, fc.constantFrom("none", "value", "name", "without"), async (parts, change) => {
        const form = Either.getOrThrow(scan([bytesOf(parts)]))
        const upload = Upload.of(
          form,
          ({ name }) => {
            if (name !== "model" || change === "none") return undefined
            if (change === "value") return { _tag: "Value", value: "other" }
            return change === "name" ? { _tag: "Name", name: 'm"' } : { _tag: "Without" }
          },
          { added: "1" }
        )
        const bytes = await collected(upload)
        assert.strictEqual(bytes.length, upload.length)
        assert.strictEqual(upload.type, "multipart/form-data; boundary=a-b")
        const again = Either.getOrThrow(scan([bytes]))
        const shown = (part: Form.Part, all: Buffer) => [part.name, all.subarray(part.begin, part.end).toString()]
        const expected = form.parts.flatMap((part) => {
          const [name = "", text = ""] = shown(part, bytesOf(parts))
          if (name !== "model" || change === "none") return [[name, text]]
          if (change === "value") return [[name, "other"]]
          return change === "name" ? [["m%22", text]] : []
        })
        assert.deepStrictEqual(
          again.parts.map((part) => shown(part, bytes)),
          [["added", "1"], ...expected]
        )
      })
    ))
})

describe("HeaderParameters", () => {
  it("reads what clients write", () => {
    for (const [text, expected] of [
      ['form-data; name="file"; filename="a; name=\\"b\\".mp3"', { name: "file", filename: 'a; name="b".mp3' }],
      ["form-data; name=file; filename=a.mp3", { name: "file", filename: "a.mp3" }],
      ['form-data; Name = "x" ; name="y"', { name: "x" }],
      ['form-data; filename="C:\\dir\\a.mp3"', { filename: "C:\\dir\\a.mp3" }],
      ['form-data; name="open', { name: "open" }],
      ["form-data", {}]
    ] as const) {
      assert.deepStrictEqual(Object.fromEntries(HeaderParameters.of(text).parameters), expected)
    }
  })
})

describe("Boundary", () => {
  it("is what a form says, and nothing that could not stand in a header", () => {
    assert.strictEqual(Boundary.of("Multipart/Form-Data; charset=utf-8; boundary=abc"), "abc")
    assert.strictEqual(Boundary.of('multipart/form-data; boundary="a b"'), "a b")
    assert.strictEqual(Boundary.written("a b"), '"a b"')
    for (const wrong of [
      "multipart/mixed; boundary=a",
      "multipart/form-data",
      'multipart/form-data; boundary="a\\"b"'
    ]) {
      assert.isUndefined(Boundary.of(wrong))
    }
  })
})

describe("Form", () => {
  it("says its fields as JSON does, lists as lists, and of files no more than what they are", () => {
    const form = scan([
      bytesOf([
        { name: "model", file: false, content: Buffer.from("m") },
        { name: "image[]", file: true, content: Buffer.from("12") },
        { name: "image[]", file: true, content: Buffer.from("123") },
        { name: "twice", file: false, content: Buffer.from("1") },
        { name: "twice", file: false, content: Buffer.from("2") },
        { name: "__proto__", file: false, content: Buffer.from("x") }
      ])
    ])
    const json = Form.toJson(Either.getOrThrow(form))
    assert.deepStrictEqual(Object.entries(json), [
      ["model", "m"],
      ["image", ["[f, 2 bytes]", "[f, 3 bytes]"]],
      ["twice", ["1", "2"]],
      ["__proto__", "x"]
    ])
  })
})
