import type { Backend } from "../backend/Backend.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import type { Operation } from "../operation/Operation.js"
import type { BackendProtocol } from "./BackendProtocol.js"
import type { ClientProtocol } from "./ClientProtocol.js"
import * as OpenAiChatBackend from "./openai-chat/OpenAiChatBackend.js"
import * as OpenAiChatClient from "./openai-chat/OpenAiChatClient.js"
import * as OpenAiTextBackend from "./openai-text/OpenAiTextBackend.js"
import * as OpenAiTextClient from "./openai-text/OpenAiTextClient.js"

/** In which callers may ask. */
export const clients: ReadonlyArray<ClientProtocol> = [OpenAiChatClient.protocol, OpenAiTextClient.protocol]

/** In which backends are asked. */
const backends: Readonly<Record<SpokenProtocol.SpokenProtocol, BackendProtocol>> = {
  "openai-chat": OpenAiChatBackend.protocol,
  "openai-text": OpenAiTextBackend.protocol
}

/** In which a backend is asked this; undefined where it has no protocol for it. */
export const between = (
  operation: Operation,
  { protocols }: Pick<Backend, "protocols">
): BackendProtocol | undefined => {
  const spoken = SpokenProtocol.toAsk(operation, protocols)
  return spoken === undefined ? undefined : backends[spoken]
}
