import * as http from "node:http"

/** What became of one request. */
export interface Asked {
  /** Over a connection of its own, or one that is kept and used again. */
  readonly fresh: boolean
  /** When it was begun, on the clock of `performance.now()`. */
  readonly begunAt: number
  /** The id of a whole 200; undefined for anything else. */
  readonly answered: string | undefined
  /** A status that is not 200, or what happened to the connection. */
  readonly failure: string | undefined
}

/** Callers that ask one question after the other. */
export interface Load {
  readonly asked: ReadonlyArray<Asked>
  /** Resolves when so many more requests have ended. */
  readonly more: (count: number) => Promise<void>
  /** Asks nothing more; resolves when all has ended. */
  readonly stop: () => Promise<void>
}

/** Nobody waits longer for an answer, in ms. */
const patience = 20_000

/** Starts so many callers that open a connection for every request, and so many that keep theirs while they may. */
export const start = (url: string, callers: { readonly fresh: number; readonly kept: number }, body: object): Load => {
  const asked: Array<Asked> = []
  const watchers = new Set<() => void>()
  let stopping = false

  const call = async (fresh: boolean): Promise<void> => {
    const agent = new http.Agent({ keepAlive: !fresh, maxSockets: 1 })
    while (!stopping) {
      asked.push(await askOnce(`${url}/v1/chat/completions`, agent, fresh, body))
      for (const watch of [...watchers]) watch()
    }
    agent.destroy()
  }
  const running = [
    ...Array.from({ length: callers.fresh }, () => call(true)),
    ...Array.from({ length: callers.kept }, () => call(false))
  ]
  return {
    asked,
    more: (count) => {
      const enough = asked.length + count
      return new Promise((resolve) => {
        const watch = () => {
          if (asked.length < enough) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
      })
    },
    stop: async () => {
      stopping = true
      await Promise.all(running)
    }
  }
}

const askOnce = (url: string, agent: http.Agent, fresh: boolean, body: object): Promise<Asked> =>
  new Promise((resolve) => {
    const begunAt = performance.now()
    const failed = (failure: string) => resolve({ fresh, begunAt, answered: undefined, failure })
    const headers = { "content-type": "application/json" }
    const request = http.request(url, { method: "POST", agent, headers, timeout: patience }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (piece: string) => (text += piece))
      response.on("error", (error) => failed(error.message))
      response.on("end", () => {
        const id = response.headers["x-request-id"]
        const whole = response.statusCode === 200 && text.includes('"finish_reason":"stop"') && typeof id === "string"
        if (whole) resolve({ fresh, begunAt, answered: id, failure: undefined })
        else failed(`${response.statusCode} ${text}`)
      })
    })
    request.on("timeout", () => request.destroy(new Error("no answer in time")))
    request.on("error", (error) => failed("code" in error ? String(error.code) : error.message))
    request.end(JSON.stringify(body))
  })
