/** What a request asks for. */
export type Operation = "chat" | "text"

/** All of them. */
export const all: ReadonlyArray<Operation> = ["chat", "text"]

/** What the column `Type` of a record calls it. */
export const recorded = { chat: "chat", text: "completion" } as const satisfies Readonly<Record<Operation, string>>
