import type { ErrorBody } from "./ErrorBody.js"
import * as ErrorText from "./ErrorText.js"

/**
 * Whether a backend's error says that its model takes no input of this kind, such as pictures, sound or tools: the request
 * is at fault, whatever status it is refused with, and says nothing of the backend's health.
 */
export const isRefused = (status: number, { message }: ErrorBody): boolean =>
  !otherwise.includes(status) && isWording(message)

/** Whether a text says so, in the words of a server or provider. */
export const isWording = (text: string): boolean => {
  const words = plain(text)
  return kinds.test(words) && wordings.some(([, each]) => each.test(words))
}

/** Statuses that say what else is wrong. */
const otherwise: ReadonlyArray<number> = [401, 402, 403, 408, 409, 429]

/** So much of a text is looked at, in characters. */
const longest = 2_000

const plain = (text: string): string => ErrorText.plain(text.slice(0, longest)).replace(/[\s_-]{1,9}/g, " ")

/** What a text names that says so. */
const kinds = /image|picture|vision|audio|sound|video|pdf|file|modal|mmproj|tool|function|jinja|text/

const wordings: ReadonlyArray<readonly [who: string, wording: RegExp]> = [
  [
    "llama.cpp, Groq and others",
    /\b(?:image|picture|vision|audio|sound|video|pdf|file|tool|function)s? (?:\w{1,20} ){0,3}(?:is|are|was|were) (?:currently )?not (?:currently )?(?:supported|accepted)/
  ],
  ["llama.cpp", /\bmmproj\b|\btools? param requires jinja/],
  [
    "Ollama, LM Studio, Bedrock and others",
    /\b(?:do|does|did|is|can)(?: not|nt) (?:currently )?(?:support|accept|handle|process|read|take)(?: \w{1,20}){0,3} (?:image|picture|vision|audio|sound|video|pdf|file|multi ?modal|tool|function)/
  ],
  [
    "vLLM and SGLang",
    /\bnot a (?:multi ?modal|vision)(?: \w{1,20})? model|\bat most 0 (?:image|audio|video)|\b(?:image|audio|video|multi ?modal) input is not allowed/
  ],
  ["Ollama", /\bmissing data required for (?:image|audio|vision)/],
  ["OpenRouter", /\bno endpoints found that support (?:\w{1,20} ){0,3}?(?:input )?(?:image|audio|video|file|pdf|tool)/],
  [
    "OpenAI and Azure",
    /\b(?:image url|input audio|image|audio|video|file) (?:is|are) only supported by|\bunsupported content (?:type|part)/
  ],
  ["DeepSeek", /\bunknown variant (?:image url|input audio|file|video url),? expected text\b/],
  ["others", /\bonly (?:supports?|accepts?) text\b|\btext only model\b|\bsupports? only text\b/]
]
