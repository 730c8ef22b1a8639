/** What a conversation is gone on with, in answers that come in chunks. */
export type Conversation = "chat" | "text"

/** What is asked in one JSON object and answered in one. */
export type Plain = "embeddings" | "rerank" | "score" | "classify" | "moderations"

/** What is asked with sound or images, or answered with them. */
export type Media =
  | "audio/speech"
  | "audio/transcriptions"
  | "audio/translations"
  | "images/generations"
  | "images/edits"
  | "images/variations"

/** What a request asks for. */
export type Operation = Conversation | Plain | Media

/** All that is a conversation. */
export const conversations: ReadonlyArray<Conversation> = ["chat", "text"]

/** What the column `Type` of a record calls it. */
export const recorded = {
  chat: "chat",
  text: "completion",
  embeddings: "embeddings",
  rerank: "rerank",
  score: "score",
  classify: "classify",
  moderations: "moderations",
  "audio/speech": "audio/speech",
  "audio/transcriptions": "audio/transcriptions",
  "audio/translations": "audio/translations",
  "images/generations": "images/generations",
  "images/edits": "images/edits",
  "images/variations": "images/variations"
} as const satisfies Readonly<Record<Operation, string>>

/** Whether it is a conversation. */
export const isConversation = (operation: Operation): operation is Conversation =>
  operation === "chat" || operation === "text"

/** Whether it is asked with sound or images, or answered with them. */
export const isMedia = (operation: Operation): operation is Media => operation.includes("/")

/** Whether nobody but the model that was asked for can answer it: vectors of two models have nothing in common. */
export const isBoundToModel = (operation: Operation): boolean => operation === "embeddings"
