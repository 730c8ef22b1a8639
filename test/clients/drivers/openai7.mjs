import OpenAI from "openai7"
import { read } from "./openai.mjs"
import { serve } from "./serve.mjs"

serve((task) =>
  read(new OpenAI({ baseURL: task.baseURL, apiKey: "sk-caller-key", maxRetries: 0, logLevel: "off" }), task)
)
