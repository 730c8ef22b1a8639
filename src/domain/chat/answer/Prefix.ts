/** Puts a backend's `special_prefix` before the first non-empty content of one choice, once. */
export type Prefixer = (content: string) => string

/** A prefixer for one choice; with exactly one newline between prefix and content, however the content is cut. */
export const make = (prefix: string): Prefixer => {
  if (prefix === "") return (content) => content
  let phase: "waiting" | "newlines" | "through" = "waiting"
  return (content) => {
    if (phase === "through" || content === "") return content
    const head = phase === "waiting" ? `${prefix.replace(/[\r\n]+$/, "")}\n` : ""
    const rest = content.replace(/^[\r\n]+/, "")
    phase = rest === "" ? "newlines" : "through"
    return head + rest
  }
}
