/** What a request asks for. */
export type Operation = "chat" | "text"

/** All of them. */
export const all: ReadonlyArray<Operation> = ["chat", "text"]

/** What the column `Type` of a record calls it. */
export const recorded: Readonly<Record<Operation, string>> = { chat: "chat", text: "completion" }
