// What hosts may write in a request: the fields of the OpenAI chat API by their types. Any other field goes with them.

/** A piece of a message: a text, a picture, a sound, a file, or what a vendor has besides. */
export interface Part {
  readonly type: string
}

type Content = string | ReadonlyArray<Part>

interface Instruction {
  readonly role: "system" | "developer"
  readonly content: Content
  readonly name?: string | undefined
}

interface UserMessage {
  readonly role: "user"
  readonly content: Content
  readonly name?: string | undefined
}

interface AssistantMessage {
  readonly role: "assistant"
  readonly content?: Content | null | undefined
  readonly name?: string | undefined
  readonly refusal?: string | null | undefined
  readonly tool_calls?: ReadonlyArray<object> | undefined
}

interface ToolMessage {
  readonly role: "tool"
  readonly content: Content
  readonly tool_call_id: string
}

interface FunctionMessage {
  readonly role: "function"
  readonly content: string | null
  readonly name: string
}

/** One message of a conversation. */
export type Message = Instruction | UserMessage | AssistantMessage | ToolMessage | FunctionMessage

/** A tool that the model may call. */
export interface Tool {
  readonly type: string
}

/**
 * The fields of a chat request, whether its answer is streamed or not.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChatRequest {
  readonly model: string
  readonly messages: ReadonlyArray<Message>
  readonly frequency_penalty?: number | null | undefined
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined
  readonly logprobs?: boolean | null | undefined
  readonly max_completion_tokens?: number | null | undefined
  readonly max_tokens?: number | null | undefined
  readonly metadata?: Readonly<Record<string, string>> | null | undefined
  readonly n?: number | null | undefined
  readonly parallel_tool_calls?: boolean | undefined
  readonly presence_penalty?: number | null | undefined
  readonly reasoning_effort?: string | null | undefined
  readonly response_format?: { readonly type: string } | undefined
  readonly seed?: number | null | undefined
  readonly service_tier?: string | null | undefined
  readonly stop?: string | ReadonlyArray<string> | null | undefined
  readonly store?: boolean | null | undefined
  readonly temperature?: number | null | undefined
  readonly tool_choice?: string | { readonly type: string } | undefined
  readonly tools?: ReadonlyArray<Tool> | undefined
  readonly top_logprobs?: number | null | undefined
  readonly top_p?: number | null | undefined
  readonly user?: string | undefined
}

/**
 * A chat request as the OpenAI API has it; it may hold any other field, such as a vendor's own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request extends ChatRequest {
  readonly stream?: false | null | undefined
}

/**
 * The same for an answer that is streamed.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamRequest extends ChatRequest {
  readonly stream?: true | null | undefined
  readonly stream_options?: { readonly include_usage?: boolean | undefined } | null | undefined
}

/** A request as a host may have built it: of a role that is any text to the compiler, nothing is asked. */
export type Given<R> = Omit<R, "messages"> & {
  readonly messages: ReadonlyArray<{ readonly role: string }>
}

type Settled<M> = M extends { readonly role: infer Role }
  ? string extends Role
    ? Omit<M, "role"> & { role: never }
    : M
  : M

/** The request itself where its messages are some, and otherwise what they have to be. */
export type Checked<R extends Given<ChatRequest>> =
  Settled<R["messages"][number]> extends Message ? R : R & Pick<ChatRequest, "messages">
