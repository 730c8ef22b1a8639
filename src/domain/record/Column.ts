import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/** What is known of a column besides the values that it holds; stands in the field of the record. */
export interface Column {
  /** Its type in the table. */
  readonly type: "TEXT" | "INTEGER" | "REAL"
  readonly nullable: boolean
  /** How long a text may be, in characters; Infinity for a body. */
  readonly longest: number
  /** What stands for a text that is longer; undefined where its beginning does. */
  readonly instead?: string
  /** Whether its text is JSON, and is shown as such. */
  readonly json?: boolean
  /** Whether its text is too large for a list of records. */
  readonly large?: boolean
  /** Whether it is written again when its record amends the row. */
  readonly amended?: boolean
}

/** What a column says of itself where that is not plain. */
export type Said = Partial<Omit<Column, "type" | "nullable">>

/** Names are cut at so many characters. */
export const longestName = 512

/** A text that every record has. */
export const text = (said: Said = {}) => Schema.String.annotations(noteOf("TEXT", false, said))

/** One of a few words, which every record has. */
export const word = <const Words extends ReadonlyArray<string>>(words: Words, said: Said = {}) =>
  Schema.Literal(...words).annotations(noteOf("TEXT", false, said))

/** A text that a record may have. */
export const textOrNull = (said: Said = {}) => NullableText.annotations(noteOf("TEXT", true, said))

/** A whole number that every record has. */
export const integer = (said: Said = {}) => Schema.Number.annotations(noteOf("INTEGER", false, said))

/** A whole number that a record may have. */
export const integerOrNull = (said: Said = {}) => NullableNumber.annotations(noteOf("INTEGER", true, said))

/** A number that every record has. */
export const real = (said: Said = {}) => Schema.Number.annotations(noteOf("REAL", false, said))

/** A number that a record may have. */
export const realOrNull = (said: Said = {}) => NullableNumber.annotations(noteOf("REAL", true, said))

/** The column that a field stands for. */
export const of = (field: Schema.Schema.All): Column =>
  Option.getOrElse(AST.getAnnotation<Column>(note)(field.ast), () => plain)

/** Tells whether a value may stand in this column. */
export const checkOf = ({ nullable, type }: Column): ((value: unknown) => boolean) => {
  const isRight = type === "TEXT" ? isText : isCount
  return nullable ? (value) => value === null || isRight(value) : isRight
}

const isText = (value: unknown) => typeof value === "string"
const isCount = (value: unknown) => typeof value === "number"

const NullableText = Schema.NullOr(Schema.String)
const NullableNumber = Schema.NullOr(Schema.Number)

const note = Symbol.for("causeway/record/Column")

const noteOf = (type: Column["type"], nullable: boolean, said: Said) => {
  const column: Column = { type, nullable, longest: longestName, ...said }
  return { [note]: column }
}

const plain: Column = { type: "TEXT", nullable: true, longest: longestName }
