// Brings what a client showed to one form, however wrong the answer was.

/** A text as it is printed; what is no text is none. */
export const textOf = (value) => (value == null || typeof value === "object" ? "" : String(value))

const numberOf = (value) => (typeof value === "number" ? value : 0)

/** Token counts; none where nothing was counted. */
export const countsOf = (prompt, completion, total) =>
  prompt == null && completion == null && total == null
    ? null
    : { prompt: numberOf(prompt), completion: numberOf(completion), total: numberOf(total) }

/** The arguments of a call; what is no JSON is told apart. */
export const argumentsOf = (text) => {
  if (typeof text !== "string") return text ?? {}
  try {
    return text === "" ? {} : JSON.parse(text)
  } catch {
    return { unreadable: text }
  }
}

/** Codes of Node are no words of a backend. */
export const codeOf = (code) =>
  code == null || typeof code === "object" || /^(E[A-Z]+|UND_ERR_.*|ERR_.*)$/.test(String(code)) ? null : String(code)

/** What an error says besides the four fields that every error has. */
export const fieldsOf = (told) =>
  typeof told !== "object" || told === null || Array.isArray(told)
    ? {}
    : Object.fromEntries(
        Object.entries(told).filter(
          ([key, value]) => value != null && !["message", "type", "param", "code"].includes(key)
        )
      )

/** What was seen, with texts where texts belong. */
export const settle = (seen) => ({
  ...seen,
  text: textOf(seen.text),
  reasoning: textOf(seen.reasoning),
  refusal: textOf(seen.refusal),
  toolCalls: seen.toolCalls.map(({ name, args }) => ({ name: textOf(name), args: args ?? null })),
  finish: seen.finish == null ? null : typeof seen.finish === "object" ? JSON.stringify(seen.finish) : `${seen.finish}`,
  logprobs: (seen.logprobs ?? []).map(textOf),
  transcript: textOf(seen.transcript),
  others: Array.from(seen.others ?? [], textOf),
  extras: seen.extras ?? {}
})
