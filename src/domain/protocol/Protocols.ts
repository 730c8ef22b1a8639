import * as EffectRecord from "effect/Record"
import type { Backend } from "../backend/Backend.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import * as Operation from "../operation/Operation.js"
import * as Operations from "../operation/Operations.js"
import type { BackendProtocol } from "./BackendProtocol.js"
import type { Asking, ClientProtocol } from "./ClientProtocol.js"
import * as OpenAiChatBackend from "./openai-chat/OpenAiChatBackend.js"
import * as OpenAiChatClient from "./openai-chat/OpenAiChatClient.js"
import * as OpenAiMediaBackend from "./openai-media/OpenAiMediaBackend.js"
import * as OpenAiMediaClient from "./openai-media/OpenAiMediaClient.js"
import * as OpenAiPlainBackend from "./openai-plain/OpenAiPlainBackend.js"
import * as OpenAiPlainClient from "./openai-plain/OpenAiPlainClient.js"
import * as OpenAiTextBackend from "./openai-text/OpenAiTextBackend.js"
import * as OpenAiTextClient from "./openai-text/OpenAiTextClient.js"

/** In which callers may ask. */
export const clients: ReadonlyArray<ClientProtocol> = [OpenAiChatClient.protocol, OpenAiTextClient.protocol]

/** Where callers ask for what is no conversation. */
export const plain: ReadonlyArray<OpenAiPlainClient.PlainClient> = Object.values(Operations.plain).map(
  OpenAiPlainClient.of
)

/** Where callers ask for what is sound or images. */
export const media: ReadonlyArray<OpenAiMediaClient.MediaClient> = Object.values(Operations.media).map(
  OpenAiMediaClient.of
)

/** Where callers ask for anything. */
export const endpoints: ReadonlyArray<Asking> = [...clients, ...plain, ...media]

/** In which backends are asked. */
const backends: Readonly<Record<SpokenProtocol.SpokenProtocol, BackendProtocol>> = {
  "openai-chat": OpenAiChatBackend.protocol,
  "openai-text": OpenAiTextBackend.protocol
}

const otherBackends: Readonly<Record<Operation.Plain | Operation.Media, BackendProtocol>> = {
  ...EffectRecord.map(Operations.plain, OpenAiPlainBackend.of),
  ...EffectRecord.map(Operations.media, OpenAiMediaBackend.of)
}

/** In which a backend is asked this; undefined where it has no protocol for it. */
export const between = (
  operation: Operation.Operation,
  { protocols }: Pick<Backend, "protocols">
): BackendProtocol | undefined => {
  if (!Operation.isConversation(operation)) return otherBackends[operation]
  const spoken = SpokenProtocol.toAsk(operation, protocols)
  return spoken === undefined ? undefined : backends[spoken]
}
