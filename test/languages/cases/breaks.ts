import type { Call } from "../../support/ScriptedUpstream.js"
import type { Case } from "../Case.js"
import * as Say from "./Say.js"

const crashed = "The engine of the model crashed."

/** Long enough for what was sent to be read before a reset throws it away, in ms. */
const read = 150

const ways: ReadonlyArray<readonly [name: string, title: string, end: (call: Call) => void]> = [
  ["reset", "breaks off with a reset", (call) => void setTimeout(() => call.response.socket?.resetAndDestroy(), read)],
  ["close", "breaks off with a closed connection", (call) => void setTimeout(() => call.response.socket?.end(), read)],
  ["end", "ends properly without a finish", (call) => call.end()],
  [
    "error",
    "reports an error",
    (call) => {
      call.events(Say.error(crashed))
      call.end()
    }
  ],
  [
    "garbage",
    "brings an event that is no JSON",
    (call) => {
      call.events('{"id": "chatcmpl-1", "choi')
      call.end()
    }
  ],
  ["stall", "falls silent", () => {}]
]

/** A stream breaks in each of these ways, in the middle of a text and of the arguments of a call. */
export const breaks: ReadonlyArray<Case> = ways.flatMap(([name, title, end]): ReadonlyArray<Case> => [
  {
    name: `text-${name}`,
    title: `a stream of text that ${title}`,
    kind: "broken",
    asked: { stream: true },
    expected: [Say.right],
    ...(name === "error" ? { words: crashed } : {}),
    play: (call) => {
      call.events(...Say.spoken.slice(0, -1))
      end(call)
    }
  },
  {
    name: `call-${name}`,
    title: `a stream of a call that ${title}`,
    kind: "broken",
    asked: { stream: true, tools: true },
    expected: [Say.rightCall],
    ...(name === "error" ? { words: crashed } : {}),
    play: (call) => {
      call.events(...Say.called.slice(0, -1))
      end(call)
    }
  }
])
