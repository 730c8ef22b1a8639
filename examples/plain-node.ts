// A plain Node app, without Effect: starts the gateway, asks it with fetch, and stops it.
import * as Gateway from "causeway"

/** Asks a gateway that lives as long as the question. */
export const main = async (recordPath: string): Promise<unknown> => {
  const gateway = await Gateway.start({
    config: { openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }] },
    port: 0,
    recordPath
  })
  try {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] })
    })
    return await response.json()
  } finally {
    // Lets what runs end, and writes its records.
    await gateway.stop()
  }
}

if (process.argv[1] === import.meta.filename) console.log(await main("record.db"))
