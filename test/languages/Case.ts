import type { Call } from "../support/ScriptedUpstream.js"

/** What a case shows: an answer, one that breaks, failures that pass, failures that stay, or more callers than places. */
export type Kind = "answer" | "broken" | "passing" | "refused" | "crowded"

/** What an answer says when it is read rightly. */
export interface Expected {
  readonly text: string
  readonly finish: string
  readonly calls?: ReadonlyArray<readonly [name: string, args: string]>
}

/** What a program asks for; nothing of it is a whole answer of one choice. */
export interface Asked {
  readonly stream?: true
  readonly tools?: true
  readonly n?: 2
  readonly usage?: true
}

/** One behaviour of a backend, and what a caller asks for. */
export interface Case {
  /** Also the name of the model. */
  readonly name: string
  readonly title: string
  readonly kind: Kind
  readonly asked: Asked
  /** The right answer, by choices; that of a broken one is what it would have been. */
  readonly expected: ReadonlyArray<Expected>
  /** What the backend says of a failure, which no caller should lose. */
  readonly words?: string
  /** So many ask at once. */
  readonly callers?: number
  /** For so long, in ms, nobody listens at the backend's port. */
  readonly closed?: number
  /** The backend; `number` counts what was asked of it in this case before. */
  readonly play: (call: Call, number: number) => void
}
