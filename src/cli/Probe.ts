import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as ServedModels from "../domain/backend/ServedModels.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import type { Backends } from "../upstream/Backends.js"
import * as Operations from "../domain/operation/Operations.js"
import * as ProbeCalls from "./ProbeCalls.js"
import * as SentRequest from "./SentRequest.js"

/** What one backend did when it was asked. */
export interface Finding {
  readonly backend: string
  /** The model that it was asked for. */
  readonly model: string
  /** Where it was asked for an answer, without keys. */
  readonly url: string
  readonly reachable: boolean
  /** `refused` is a 401, `forbidden` a 403; `none` when it was asked without one and did not mind. */
  readonly key: "valid" | "none" | "refused" | "forbidden" | "unknown"
  /** How many models it lists; null when it lists none. */
  readonly models: number | null
  readonly answers: boolean
  /** Null where its model makes vectors, which nobody streams. */
  readonly streams: boolean | null
  /** Until the first content of a stream, in ms. */
  readonly firstTokenMs: number | null
  /** Until the whole of a short answer, in ms. */
  readonly latencyMs: number | null
  readonly problems: ReadonlyArray<string>
}

/** How backends are asked. */
export interface Options {
  /** The model to ask for; by default one that the backend claims. */
  readonly model: Option.Option<string>
  /** What a caller would bring: a key for backends without one of their own. */
  readonly caller: Credentials.Headers
  /** How long each request may take. */
  readonly limit: Duration.Duration
}

/** Whether a backend does its work; listing models is no part of it. */
export const isWell = (finding: Finding): boolean => finding.answers && finding.streams !== false

/** Asks a backend for its models, for a tiny answer and for a tiny stream. */
export const run = (configured: Backend, options: Options): Effect.Effect<Finding, never, Backends> =>
  Effect.gen(function* () {
    const backend = within(configured, options.limit)
    const listed = yield* Effect.either(ProbeCalls.list(backend, options.caller))
    const names = Either.getOrElse(listed, () => [])
    const target = RouteTable.targetOf(
      backend,
      Option.getOrElse(options.model, () => nameFor(backend, names))
    )
    const whole = yield* Effect.either(ProbeCalls.ask(target, options.caller, false))
    const embedded = mayEmbed(whole) ? yield* Effect.option(ProbeCalls.embed(target, options.caller)) : Option.none()
    if (Option.isSome(embedded)) {
      return {
        backend: backend.name,
        model: target.model,
        url: SentRequest.urlOf(target, Operations.plain.embeddings.path),
        reachable: true,
        key: keyOf(backend, options.caller, [listed, Either.right(undefined)]),
        models: Either.isRight(listed) ? names.length : null,
        answers: true,
        streams: null,
        firstTokenMs: null,
        latencyMs: embedded.value.ms,
        problems: []
      }
    }
    const streamed = isFinal(whole) ? whole : yield* Effect.either(ProbeCalls.ask(target, options.caller, true))
    const streams = Either.isRight(streamed) && streamed.right.isStream
    const notStreamed = Either.isRight(streamed) && !streams ? ["asked for a stream, it does not send one"] : []
    return {
      backend: backend.name,
      model: target.model,
      url: ProbeCalls.urlOf(target),
      reachable: [listed, whole, streamed].some(wasReached),
      key: keyOf(backend, options.caller, [listed, whole, streamed]),
      models: Either.isRight(listed) ? names.length : null,
      answers: Either.isRight(whole),
      streams,
      firstTokenMs: streams ? streamed.right.ms : null,
      latencyMs: Either.isRight(whole) ? whole.right.ms : null,
      problems: [...new Set([whole, streamed].flatMap(problemOf)), ...notStreamed]
    }
  })

type Result<A> = Either.Either<A, ProbeCalls.CallFailure>

const within = (backend: Backend, limit: Duration.Duration): Backend => {
  const { firstToken, headers, total } = backend.timeouts
  const least = (timeout: Duration.Duration) => Duration.min(timeout, limit)
  const timeouts = { firstToken: least(firstToken), headers: least(headers), total: least(total) }
  return { ...backend, timeouts: { ...backend.timeouts, ...timeouts } }
}

// A keyword is no model: one is taken that the backend lists and that is likely to chat, else the keyword.
const nameFor = (backend: Backend, listed: ReadonlyArray<string>): string => {
  const [known] = ServedModels.namesOf(backend)
  if (known !== undefined) return known
  const [claimed = ""] = backend.match.value
  const serving = listed.filter((name) => RouteTable.serves(backend, name))
  return serving.find((name) => !otherWork.test(name)) ?? serving[0] ?? claimed
}

const otherWork = /embed|rerank|whisper|tts|audio|realtime|transcri|speech|image|dall-e|video|moderation|guard/i

const statusOf = (result: Result<unknown>): number | undefined =>
  Either.match(result, {
    onLeft: (failure) => (failure._tag === "UpstreamRejected" ? failure.status : undefined),
    onRight: () => 200
  })

const wasReached = (result: Result<unknown>): boolean => Either.isRight(result) || result.left._tag !== "ConnectFailed"

// What would not be otherwise for a stream.
const isFinal = (result: Result<unknown>): boolean => !wasReached(result) || [401, 403].includes(statusOf(result) ?? 0)

// A model that does not chat may make vectors.
const mayEmbed = (result: Result<unknown>): boolean => [400, 404, 405, 422].includes(statusOf(result) ?? 0)

const keyOf = (
  backend: Backend,
  caller: Credentials.Headers,
  results: ReadonlyArray<Result<unknown>>
): Finding["key"] => {
  const [, ...asked] = results.map(statusOf)
  if (asked.includes(401)) return "refused"
  if (asked.includes(403)) return "forbidden"
  if (!results.some(Either.isRight)) return "unknown"
  const names = Object.keys(Credentials.upstreamHeaders(backend, caller, false))
  return names.some(Credentials.isCredential) ? "valid" : "none"
}

const problemOf = (result: Result<unknown>): ReadonlyArray<string> =>
  Either.match(result, { onLeft: ({ message }) => [message], onRight: () => [] })
