import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { optional, orDefault } from "../schema/ConfigSchema.js"

/**
 * What becomes of consecutive plain user messages: the last stays (`last`), their texts become one (`join`), all stay
 * (`keep`), or the last stays unless the request shows an agent or a rich client (`auto`).
 */
export const UserTurns = Schema.Literal("auto", "last", "join", "keep")
/** One of these ways. */
export type UserTurns = typeof UserTurns.Type

/** What is made of the messages of a chat before a backend gets them. */
export interface Cleaning {
  readonly userTurns: UserTurns
  /** Whether texts lose the white space around them. */
  readonly trim: boolean
  /** Names of tags whose blocks earlier answers lose. */
  readonly stripTags: ReadonlyArray<string>
}

/** What is made of them where nothing is said of it. */
export const usual: Cleaning = { userTurns: "auto", trim: true, stripTags: ["think", "tool_call"] }

/** Nothing is made of them. */
export const none: Cleaning = { userTurns: "keep", trim: false, stripTags: [] }

/** Whether all messages are passed on as they came. */
export const isNone = ({ stripTags, trim, userTurns }: Cleaning): boolean =>
  userTurns === "keep" && !trim && stripTags.length === 0

/** Names of tags. */
export const TagNames = Schema.Array(
  Schema.String.pipe(Schema.pattern(/^[^<>/\s]+$/), Schema.annotations({ title: "the name of a tag, without < and >" }))
)

const described = {
  userTurns:
    "Which of consecutive plain user messages stay. `last`: the last. `join`: all, as one with blank lines between their texts. `keep`: all. `auto`: the last, but all as soon as the request shows an agent or a rich client: it brings tools or functions, calls or results, or a user message that is not plain text. Messages of different `name`s never replace each other.",
  trim: "Whether texts lose the white space around them, but for the indentation of the first of several lines. Results of tools and functions never do, nor does a beginning of the answer.",
  stripTags:
    "`<tag>…</tag>` blocks that are removed from earlier assistant messages, unless they are quoted: in backticks, a code block or straight quotes."
}

const title = '"none", or a mapping of user_turns, trim and strip_tags'

/** The same for all backends: `clean` at the top of a configuration. */
export const Clean = ofKeys(
  Schema.Struct({
    userTurns: orDefault(UserTurns, () => usual.userTurns)
      .annotations({ description: described.userTurns })
      .pipe(Schema.fromKey("user_turns")),
    trim: orDefault(Schema.Boolean, () => usual.trim).annotations({ description: described.trim }),
    stripTags: orDefault(TagNames, () => usual.stripTags)
      .annotations({ description: described.stripTags })
      .pipe(Schema.fromKey("strip_tags"))
  }),
  none
)

/** Where one backend differs from all: `clean` of a backend. */
export const CleanKeys = ofKeys(
  Schema.Struct({
    userTurns: optional(UserTurns)
      .annotations({ description: "As `user_turns` of [`clean`](#clean), for this backend." })
      .pipe(Schema.fromKey("user_turns")),
    trim: optional(Schema.Boolean).annotations({ description: "As `trim` there." }),
    stripTags: optional(TagNames)
      .annotations({ description: "As `strip_tags` there." })
      .pipe(Schema.fromKey("strip_tags"))
  }),
  { userTurns: Option.some(none.userTurns), trim: Option.some(none.trim), stripTags: Option.some(none.stripTags) }
)
/** What a backend's own `clean` says; none of its keys need be there. */
export type CleanKeys = typeof CleanKeys.Type

/** What a backend says, and what is said for all where it says nothing. */
export const over = (all: Cleaning, { stripTags, trim, userTurns }: CleanKeys): Cleaning => ({
  userTurns: Option.getOrElse(userTurns, () => all.userTurns),
  trim: Option.getOrElse(trim, () => all.trim),
  stripTags: Option.getOrElse(stripTags, () => all.stripTags)
})

// YAML 1.1 reads some words for nothing as false.
function ofKeys<A extends object, I extends object>(keys: Schema.Schema<A, I>, off: NoInfer<A>) {
  return Schema.transform(
    Schema.Union(Schema.Literal("none"), Schema.Literal(false), keys).annotations({ title }),
    Schema.typeSchema(keys),
    {
      strict: true,
      decode: (written) => (written === "none" || written === false ? off : written),
      encode: (decoded) => decoded
    }
  )
}
