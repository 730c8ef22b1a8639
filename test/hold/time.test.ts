import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as AnswerChunk from "../../src/domain/chat/answer/AnswerChunk.js"
import * as Accumulator from "../../src/domain/chat/answer/Accumulator.js"
import * as Alignment from "../../src/domain/rescue/Alignment.js"
import * as ArgumentsText from "../../src/domain/chat/answer/ArgumentsText.js"
import * as BodyCredentials from "../../src/domain/record/BodyCredentials.js"
import * as MessageForm from "../../src/domain/chat/request/MessageForm.js"
import * as OpenAiChatClient from "../../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import * as AnswerRepair from "../../src/domain/chat/answer/AnswerRepair.js"
import * as Cleaning from "../../src/domain/backend/Cleaning.js"
import * as ClientAddress from "../../src/domain/caller/ClientAddress.js"
import * as ConfigIssue from "../../src/domain/schema/ConfigIssue.js"
import * as ContentParts from "../../src/domain/chat/answer/ContentParts.js"
import * as Cors from "../../src/domain/caller/Cors.js"
import * as Credentials from "../../src/domain/backend/Credentials.js"
import * as Deployments from "../../src/domain/protocol/Deployments.js"
import * as Dialect from "../../src/domain/backend/Dialect.js"
import * as Doorkeeper from "../../src/domain/caller/Doorkeeper.js"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Busyness from "../../src/domain/failure/Busyness.js"
import * as ContextLength from "../../src/domain/failure/ContextLength.js"
import * as ErrorBody from "../../src/domain/failure/ErrorBody.js"
import * as ReportedError from "../../src/domain/failure/ReportedError.js"
import * as FinishReason from "../../src/domain/chat/answer/FinishReason.js"
import * as Glob from "../../src/domain/text/Glob.js"
import * as GrowingText from "../../src/domain/text/GrowingText.js"
import * as IpRange from "../../src/domain/config/IpRange.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as JsonText from "../../src/domain/json/JsonText.js"
import * as PrivateAddress from "../../src/domain/failure/PrivateAddress.js"
import * as Prefix from "../../src/domain/chat/answer/Prefix.js"
import * as Preprocess from "../../src/domain/chat/request/Preprocess.js"
import * as Printable from "../../src/domain/text/Printable.js"
import * as Redaction from "../../src/domain/record/Redaction.js"
import * as RepeatedEvent from "../../src/domain/chat/answer/RepeatedEvent.js"
import * as Secrets from "../../src/domain/backend/Secrets.js"
import * as SentAnswer from "../../src/domain/wire/SentAnswer.js"
import * as SseEvents from "../../src/domain/wire/SseEvents.js"
import * as StoredHeaders from "../../src/domain/record/StoredHeaders.js"
import * as TextMatch from "../../src/domain/text/TextMatch.js"
import * as TokenEstimate from "../../src/domain/record/TokenEstimate.js"
import * as ToolCallIds from "../../src/domain/chat/answer/ToolCallIds.js"
import * as ToolCalls from "../../src/domain/chat/answer/ToolCalls.js"
import * as UpstreamError from "../../src/domain/failure/UpstreamError.js"
import * as UsageReports from "../../src/domain/chat/answer/UsageReports.js"
import * as WholeAnswer from "../../src/domain/chat/answer/WholeAnswer.js"
import * as Csv from "../../src/cli/Csv.js"
import * as Interpolation from "../../src/config/Interpolation.js"
import * as ResponseHead from "../../src/http1/ResponseHead.js"
import { ResponseReader } from "../../src/http1/ResponseReader.js"
import * as Boundary from "../../src/domain/form/Boundary.js"
import { FormScanner } from "../../src/domain/form/FormScanner.js"
import * as HeaderParameters from "../../src/domain/form/HeaderParameters.js"
import * as Endpoint from "../../src/upstream/BackendUrl.js"
import { Gathered } from "../../src/flow/Gathered.js"
import * as Utf8 from "../../src/flow/Utf8.js"
import { backend } from "../domain/generators.js"
import type { Family } from "./Growth.js"
import { growth, linear } from "./Growth.js"

/** Where foreign text is read, and what of it is the hardest to read. */
type Row = readonly [where: string, what: string, growth: () => number]

const row = <A>(
  where: string,
  what: string,
  of: (size: number) => A,
  run: (input: A) => unknown,
  sizes: Pick<Family<A>, "least" | "most"> = {}
): Row => [where, what, () => growth({ of, run, ...sizes })]

/** A text of about this size that is made of one piece. */
const repeat = (piece: string) => (size: number) => piece.repeat(Math.ceil(size / piece.length))

const around = (before: string, piece: string, after: string) => (size: number) => before + repeat(piece)(size) + after

const list =
  <A>(item: (index: number) => A) =>
  (size: number): ReadonlyArray<A> =>
    Array.from({ length: size }, (_, index) => item(index))

const pieces = (text: string) => list(() => text)

// What a head may be in all.
const head = { most: 64 * 1024 }

// Fewer are bounded by a limit of their own.
const many = { least: 4_096 }

const texts = (where: string, run: (text: string) => unknown, ...of: ReadonlyArray<(size: number) => string>) =>
  of.map((each) => row(where, JSON.stringify(each(1).slice(0, 40)), each, run))

const clean = (text: string) => {
  const messages = [
    { role: "assistant", content: text },
    { role: "user", content: text }
  ]
  return Preprocess.clean({ messages }, Cleaning.usual)
}

const scanned = (pieces: ReadonlyArray<Uint8Array>) => {
  const scanner = new FormScanner("a")
  for (const piece of pieces) scanner.push(Buffer.from(piece))
  return scanner.end()
}

const cleanParts = (parts: ReadonlyArray<object>) =>
  Preprocess.clean({ messages: [{ role: "user", content: parts }] }, Cleaning.usual)

const nested = (size: number) => {
  const depth = Math.ceil(size / 30)
  return `${"<think".repeat(depth)}<tool_call></tool_call>${"></think>".repeat(depth)}`
}

const alternating = (size: number) => {
  const depth = Math.ceil(size / 40)
  return `${"<think><tool_c".repeat(depth)}<think></think>${"all></tool_call></think>".repeat(depth)}`
}

/** Runs each of which is longer than the one before, then each again. */
const lengthening = (mark: string, after: string) => (size: number) => {
  const runs = Array.from({ length: Math.sqrt(size) }, (_, length) => `${mark.repeat(length + 1)}${after}`)
  return `<think></think>${after}${runs.join("")}${runs.reverse().join("")}${`${mark.repeat(3)}a\n`.repeat(size / 5)}`
}

const answer = (content: string, fields: object = {}) => ({
  id: "a",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta: { content, ...fields }, finish_reason: null }]
})

const options: AnswerRepair.Options = {
  operation: "chat",
  id: "x",
  model: "m",
  created: 1,
  prefix: "p",
  includeUsage: true,
  passUsage: false,
  isOnly: false,
  cumulative: false
}

const streamed = (events: ReadonlyArray<object>) => {
  const stream = AnswerRepair.make(options)
  for (const event of events) stream.push({ event: undefined, data: JSON.stringify(event) })
  return stream.end()
}

const accumulated = (chunks: ReadonlyArray<JsonObject.JsonObject>) => {
  const accumulator = Accumulator.make("chat")
  for (const chunk of chunks) accumulator.push(AnswerChunk.make(chunk, true))
  return JSON.stringify(accumulator.result(undefined))
}

const continued = (sent: string, cut: ReadonlyArray<string>) => {
  const match = TextMatch.continued(sent)
  for (const piece of cut) match.push(piece)
  return match.end()
}

const aligned = (said: ReadonlyArray<string>) => {
  const message = { role: "assistant", content: said.join("") }
  const sent = SentAnswer.read({ id: "a", choices: [{ index: 0, message, finish_reason: null }] })
  assert(sent !== undefined)
  const alignment = Alignment.make(sent, TextMatch.repeated, undefined)
  for (const piece of said) alignment.push(AnswerChunk.make(answer(piece), true))
  return alignment.through()
}

const events = (texts: ReadonlyArray<string>) => {
  const decoder = SseEvents.make()
  for (const text of texts) decoder.push(text)
  return decoder.end()
}

const responses = (bytes: ReadonlyArray<Buffer>) => {
  const reader = new ResponseReader({ onHead: () => {}, onBody: () => {}, onEnd: () => {} })
  for (const each of bytes) reader.push(each)
}

const bytesOf = (text: string) => Array.from(Buffer.from(text), (byte) => Buffer.of(byte))

const recalled = (piece: string) => {
  const memory = RepeatedEvent.make()
  for (const text of ["a", "b", "c"]) memory.learn(JSON.stringify(answer(text)), [AnswerChunk.make(answer(text), true)])
  return memory.recall(piece)
}

const said = (text: string) =>
  AnswerRepair.make({ ...options, cumulative: true }).push({ event: undefined, data: text })

const digest = () => ({ bytes: 0, sha256: "" })

const calling = (ids: ReadonlyArray<string>) => [{ role: "assistant", tool_calls: ids.map((id) => ({ id })) }]

const forwarded = (text: string) =>
  ClientAddress.of(
    "10.0.0.1",
    { "x-forwarded-for": text },
    [IpRange.parse("0.0.0.0/0")].flatMap((range) => range ?? [])
  )

const rows: ReadonlyArray<Row> = [
  ...texts(
    "Credentials.redactHeaders",
    (text) => Credentials.redactHeaders({ referer: text }),
    around("=", ";key", ""),
    around("=", ";key;", "="),
    repeat("?&;key="),
    repeat("?key=a&"),
    repeat("&"),
    around("?", "key", "=\n"),
    repeat("= ")
  ),
  ...texts(
    "Credentials.upstreamHeaders",
    (text) => Credentials.upstreamHeaders(backend(), { connection: text, authorization: `bearer${text}` }, true),
    repeat("a,"),
    repeat(" "),
    repeat(", ")
  ),
  ...texts(
    "Credentials.callerSecret",
    (text) => Credentials.callerSecret({ authorization: text }, `/?${text}`),
    repeat("key&"),
    repeat(" "),
    repeat("%")
  ),
  ...texts(
    "Secrets.withoutCredentials",
    (text) => Secrets.withoutCredentials(text, Option.some(Redacted.make(`${"a".repeat(200)}b`))),
    repeat("key="),
    repeat(";key=&"),
    repeat("://"),
    repeat("a"),
    repeat("sk-*")
  ),
  ...texts(
    "Secrets.withoutKeys",
    (text) =>
      Secrets.withoutKeys(text, backend({ api_key: "aaaaaaab" }), { authorization: `Bearer ${"a".repeat(9_000)}b` }),
    repeat("key-"),
    repeat("sk-*"),
    repeat("a"),
    repeat("AIza"),
    repeat("%25"),
    repeat("\\\\u0061"),
    repeat("&amp;"),
    repeat("YWFhYWFhYWI")
  ),
  ...texts(
    "BodyCredentials.redact",
    BodyCredentials.redact,
    repeat('"token":'),
    repeat('"token":"'),
    repeat('d":'),
    around('{"token":"', "\\", '"}'),
    repeat('{"password":"a"},')
  ),
  ...texts(
    "TokenEstimate",
    (text) =>
      TokenEstimate.ofRequest({ messages: [{ role: "user", content: [{ data: text }, text, `data:image/${text}`] }] }),
    repeat("a"),
    repeat("é"),
    repeat(" \n"),
    repeat("data:image/")
  ),
  row(
    "TokenEstimate",
    "many calls",
    list((n) => ({ index: n, function: { name: "a", arguments: "{}" } })),
    (calls) => TokenEstimate.ofAnswer({ choices: [{ message: { tool_calls: calls } }] })
  ),
  ...texts(
    "StoredHeaders.encode",
    (text) => StoredHeaders.encode({ a: text }),
    repeat("bearer "),
    repeat("//"),
    around("//", "a", ""),
    repeat("//a@"),
    around("basic", " ", "")
  ),
  ...texts(
    "Doorkeeper",
    (text) =>
      Doorkeeper.of({ corsOrigins: ["a*a"], hosts: ["b*b"] }).refusal(
        { headers: { host: text, origin: `http://${text}` }, rawHeaders: [] },
        "127.0.0.1"
      ),
    repeat(":"),
    repeat("1:1"),
    around(":", "1", "a"),
    repeat(".")
  ),
  ...texts(
    "Preprocess.clean",
    clean,
    nested,
    alternating,
    repeat("<think>"),
    repeat("</think>"),
    repeat("<think>a</think>"),
    around("<think></think>", ">", ""),
    around("<think></think>", "<", ""),
    around("a <think></think>", "</think", ">"),
    around("<think></think>", " ", ""),
    repeat("<thi<think></think>nk></think>"),
    around("<think></think>", "`", ""),
    around("<think></think>", "` ", ""),
    around("<think></think>", "`\n\n", ""),
    around("<think></think>", "```\n", ""),
    around("<think></think>", "```a\n", ""),
    around("<think></think>", "\n", ""),
    around("<think>", "```a\n<think></think>", ""),
    repeat("`<think>`</think>"),
    repeat("<think>` </think>\n\n`"),
    lengthening("`", "x"),
    lengthening("`", "\n"),
    lengthening("~", "\n"),
    lengthening("~", "a\n"),
    around("<think></think>a", "\n\n    a", ""),
    around("<think></think>a\n\n", "    a\n", ""),
    around("a<think>", "\n\n    a", "</think>"),
    around("a<think>\n\n", "    a\n", "</think>"),
    around("<think></think>", '"<think>', ""),
    around("<think></think>", "\"<think>'<think>", ""),
    around("<think></think>", '"<think>"', ""),
    around("<think></think>", '"<think></think>" ', ""),
    around("<think></think><", ">", '"'),
    around("\n", " ", "\na")
  ),
  row(
    "Glob",
    "a model's name that fits each part but the last",
    (size) => ({ glob: Glob.parse(`*${"a*".repeat(40)}b`), text: "a".repeat(size) }),
    ({ glob, text }) => Glob.fits(glob, text)
  ),
  row(
    "Preprocess.clean",
    "many parts",
    list(() => ({ type: "text", text: " " })),
    cleanParts
  ),
  row(
    "Preprocess.clean",
    "many messages",
    list((n) => ({ role: "user", content: String(n) })),
    (messages) => Preprocess.clean({ messages }, Cleaning.usual)
  ),
  row(
    "Preprocess.clean",
    "many messages of one after the other",
    list((n) => ({ role: "user", content: String(n), name: n % 3 === 0 ? "a" : "b" })),
    (messages) => JSON.stringify(Preprocess.clean({ messages }, { ...Cleaning.usual, userTurns: "join" }).messages)
  ),
  row(
    "Dialect.translate",
    "many parts",
    (size) => ({
      messages: list(() => ({ role: "user", content: list((n) => ({ type: "text", a: n }))(8) }))(size / 8)
    }),
    (body) =>
      Dialect.translate({ renameParams: {}, dropParams: ["messages[].content[].a", "messages[].content[].b"] }, body)
  ),
  row(
    "MessageForm.fit",
    "many parts",
    (size) => [{ role: "developer", content: list(() => ({ type: "text", text: "a" }))(size) }],
    (messages) => MessageForm.fit(backend({ text_parts: "join", system_role: "system" }), messages)
  ),
  ...texts(
    "JsonObject.parse",
    JsonObject.parse,
    repeat("["),
    repeat('"'),
    repeat("\\"),
    around('{"a":"', '\\"', '"}'),
    around('{"a":"', "\\\\", '"}'),
    around("[", "[],", "1]"),
    around("[", "1,", "1]"),
    around("[", "1.0,", "1]"),
    repeat("1"),
    repeat("-")
  ),
  row(
    "JsonText.write",
    "numbers as they were written",
    (size) => Either.getOrThrow(JsonText.read(`[${"1.0,".repeat(size / 8)}1]`)),
    (value) => JsonText.write(value)
  ),
  ...texts(
    "JsonText.readLoosely",
    (text) => JsonText.readLoosely(text),
    repeat("NaN"),
    repeat('"NaN'),
    repeat('\\"NaN')
  ),
  ...texts(
    "ArgumentsText",
    (text) => {
      const written = ArgumentsText.make()
      for (let at = 0; at < text.length; at += 8) written.push(text.slice(at, at + 8))
      return written.isComplete()
    },
    repeat("{}"),
    repeat('{"a":1}'),
    repeat('"\\')
  ),
  ...texts(
    "FinishReason.decode",
    (text) => FinishReason.decode(text),
    repeat("a."),
    repeat("aA"),
    repeat(":"),
    repeat("- ")
  ),
  row(
    "ContentParts.read",
    "many parts of many types",
    list((n) => ({ type: `t${n}`, x: 1 })),
    (parts) => ContentParts.read(parts)
  ),
  row(
    "ToolCalls",
    "many calls, and deltas to each",
    list((n) => ({ index: n, id: `c${n}`, function: { name: "f", arguments: "[" } })),
    (calls) => {
      const repair = ToolCalls.make(String)
      repair.push(calls)
      return repair.push(calls)
    }
  ),
  ...texts(
    "Deployments.at",
    (text) => Deployments.at(`/openai/deployments/${text}/chat/completions`),
    repeat("/openai/deployments/"),
    repeat("%2F"),
    repeat("/completions")
  ),
  row(
    "failure/Busyness",
    "words that begin like those of a busy backend",
    repeat("too man rate limi queue is ful "),
    (text) => Busyness.isBusy({ status: 503, error: { message: text, type: "x", param: null, code: text } })
  ),
  row(
    "OpenAiChatClient.protocol.decode",
    "many messages",
    (size) => JSON.stringify({ model: "m", messages: list(() => ({ role: "user", content: "a" }))(size / 32) }),
    (text) => OpenAiChatClient.protocol.decode(text)
  ),
  ...texts(
    "ErrorBody.read",
    (text) => ContextLength.isExceeded(400, ErrorBody.read(text, 400).error),
    repeat(" "),
    repeat("exceeds the model's maximum "),
    repeat("too many input "),
    repeat("data:\r"),
    around("{", '"message": ', ""),
    around('{"message":"', "\\", ""),
    around('{"detail":[', '{"msg":"a"},', "1]}"),
    around('{"message":"', "a", '","cause":{"message":"b"}}'),
    around('{"error":{"message":"', "{", '"}}'),
    around('{"errors":[', '{"message":"a"},', "1]}")
  ),
  ...texts(
    "ReportedError.inAnswer",
    (text) => ReportedError.inList(Option.getOrUndefined(JsonObject.parseValue(text))),
    around('[{"error":{"message":"', "model not ", '"}}]'),
    around('[{"error":{"message":"', "invalid ", '","code":"rate-"}}]'),
    around('[{"choices":[', "{},", "1]}]"),
    around('[{"message":[', '"a",', "1]}]")
  ),
  ...texts(
    "PrivateAddress.hidden",
    PrivateAddress.hidden,
    repeat("a"),
    repeat("a."),
    repeat("10."),
    repeat("[fd00:"),
    repeat("localhost:")
  ),
  row(
    "UpstreamError.fromResponse",
    "a long location",
    repeat("//a@"),
    (text) => UpstreamError.fromResponse(302, { location: text }, "", 0),
    head
  ),
  ...texts(
    "ClientAddress.of",
    forwarded,
    repeat("1.1.1.1,"),
    repeat("1"),
    repeat("1.1.1."),
    repeat(":"),
    repeat("[::]:1,")
  ),
  ...texts("IpRange.parse", IpRange.parse, repeat("1"), repeat("1:"), repeat("::ffff:1."), repeat("/1"), repeat("%")),
  ...texts(
    "Cors.headersFor",
    (text) => Cors.headersFor(text, { corsOrigins: ["a*a", "http://*a"], explainHeaders: true }),
    repeat("a"),
    repeat("*")
  ),
  ...texts("FinishReason.decode", FinishReason.decode, repeat("STOP")),
  row("GrowingText", "additions", pieces("a"), (list) => {
    const shorten = GrowingText.make()
    for (const content of list) shorten({ delta: { content } }, 0)
  }),
  ...texts("AnswerRepair, cumulative", said, repeat('{"choices":[{}],'), repeat("[")),
  row("Prefix", "newlines", pieces("\n"), (list) => list.map(Prefix.make("p"))),
  ...texts("Prefix", (text) => Prefix.make("p")(text), repeat("\n"), repeat("\na")),
  ...texts(
    "RepeatedEvent.recall",
    recalled,
    repeat(SseEvents.frame(answer("x"))),
    repeat("data: "),
    around('data: {"id":"a', "\\u0041", '"')
  ),
  row("RepeatedEvent.learn", "a long text", repeat("a"), (text) =>
    RepeatedEvent.make().learn(JSON.stringify(answer(text, {})), [AnswerChunk.make(answer(text), true)])
  ),
  row(
    "Accumulator",
    "texts of one character",
    list(() => answer("a")),
    accumulated
  ),
  row(
    "Accumulator",
    "details in one chunk",
    list((index) => ({ index, text: "a" })),
    (details) => accumulated([answer("", { reasoning_details: details })])
  ),
  row(
    "Accumulator",
    "details without an index",
    list(() => ({ text: "a" })),
    (details) => accumulated([answer("", { reasoning_details: details, tool_calls: details })])
  ),
  row(
    "Accumulator",
    "a call in each chunk",
    list((index) => answer("", { tool_calls: [{ index }] })),
    accumulated
  ),
  row(
    "Accumulator",
    "a choice in each chunk",
    list((index) => ({ choices: [{ index, delta: { content: "a" } }] })),
    accumulated
  ),
  row(
    "Accumulator",
    "probabilities",
    list(() => ({ choices: [{ index: 0, logprobs: { content: [1] } }] })),
    accumulated
  ),
  row(
    "ChatStream",
    "events without a choice",
    list((n) => ({ [`k${n}`]: n })),
    streamed
  ),
  row(
    "ChatStream",
    "calls",
    list((index) => answer("", { tool_calls: [{ index, function: { name: "f" } }] })),
    streamed,
    many
  ),
  row(
    "ChatStream",
    "texts of one character",
    list(() => answer("a")),
    streamed
  ),
  row("TextMatch.continued", "the same text in one piece", repeat("a"), (text) => continued(text, [text]), many),
  row("TextMatch.continued", "the same text in pieces", pieces("a"), (list) => continued(list.join(""), list), many),
  row(
    "TextMatch.continued",
    "white space in pieces",
    pieces(" "),
    (list) => continued(`a${list.join("")}`, list),
    many
  ),
  row(
    "TextMatch.continued",
    "nearly the same in pieces",
    pieces("a"),
    (list) => continued(`${list.join("")}b`, list),
    many
  ),
  row("Alignment", "the same text in pieces", pieces("a"), aligned),
  ...texts("JsonText", (text) => JsonText.end(text, 0), repeat("\\u0041"), repeat("\\"), repeat("a")),
  row("SseEvents", "a line in pieces", pieces("a"), events),
  row("SseEvents", "lines in pieces", pieces("data:\n"), events),
  row("SseEvents", "lines that end with CR in pieces", pieces("\r"), events),
  ...texts(
    "SseEvents",
    (text) => events([text]),
    around("", "\n", "\r"),
    around("", "\r", "\n"),
    repeat("data:\n"),
    repeat("a\r\n")
  ),
  row(
    "ToolCallIds.fit, safe",
    "ids that become the same",
    list((n) => String.fromCodePoint(0x4e00 + n)),
    (ids) => ToolCallIds.fit("safe", calling(ids)),
    { most: 40_000 }
  ),
  row(
    "ToolCallIds.fit, safe",
    "proposals that are taken",
    list((n) => `a_${n + 1}`),
    (ids) => ToolCallIds.fit("safe", calling(["a", "a", ...ids, "_", ".", "a."]))
  ),
  row("ToolCallIds.fit, alnum9", "a long id", repeat("a"), (id) => ToolCallIds.fit("alnum9", calling([id]))),
  row(
    "ToolCalls",
    "calls",
    list((index) => ({ index, id: `c${index}` })),
    (calls) => ToolCalls.make(String).push(calls)
  ),
  ...[repeat("1"), repeat(" "), repeat("Mon, "), repeat("(")].map((of) =>
    row(
      "UpstreamError.fromResponse",
      JSON.stringify(of(1)),
      of,
      (text) => UpstreamError.fromResponse(503, { "retry-after": text }, text, 0),
      head
    )
  ),
  row(
    "UsageReports",
    "a field of its own in each report",
    list((n) => ({ usage: { prompt_tokens: 1, [`k${n}`]: 1 } })),
    (reports) => {
      const usage = UsageReports.make()
      for (const report of reports) usage.hear(report)
      return usage.told()
    }
  ),
  row(
    "AnswerRepair",
    "an event that is a list of chunks",
    list((n) => answer(String(n))),
    (chunks) => said(JSON.stringify(chunks))
  ),
  row(
    "UsageReports",
    "fields",
    list((n) => [`k${n}_details`, n] as const),
    (fields) => {
      const usage = UsageReports.make()
      usage.hear({ usage: { ...Object.fromEntries(fields), prompt_tokens: 1 } })
      return usage.told()
    },
    { most: 2 ** 15 }
  ),
  row(
    "WholeAnswer.isSound",
    "choices",
    list((index) => ({ index })),
    (choices) => WholeAnswer.isSound({ choices })
  ),
  ...[
    around("HTTP/1.1 200 OK\r\na:", " ", "\0\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\na:", " a", "\0\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\n", "a:b\r\n", "\r\n"),
    around("HTTP/1.1 200 OK\r\n", "a", "\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\na: b", "\r\n ", "\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\ncontent-length: 1", ", 1", "x\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\ncontent-length: 1,", " ", "\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\nkeep-alive: ", "timeout=", "\r\n\r\n"),
    around("HTTP/1.1 200 OK\r\nconnection: ", "close,", "\r\n\r\n"),
    around("HTTP/1.1 200 ", "a", "\r\n\r\n")
  ].map((of) => row("ResponseHead.parse", JSON.stringify(of(1).slice(15)), of, ResponseHead.parse, head)),
  row(
    "ResponseReader",
    "a head byte by byte",
    (size) => bytesOf(around("HTTP/1.1 200 OK\r\n", "a:\n", "\n")(size)),
    responses,
    head
  ),
  row(
    "ResponseReader",
    "chunks of one byte",
    (size) => [
      Buffer.from(around("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\na\r\n", "0\r\n\r\n")(size))
    ],
    responses
  ),
  row(
    "ResponseReader",
    "chunks of one byte without CR",
    (size) => [Buffer.from(around("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n", "1;\na\n", "0\n\n")(size))],
    responses
  ),
  row(
    "Gathered",
    "bytes one by one",
    (size) => bytesOf(repeat("a")(size)),
    (list) => {
      const gathered = new Gathered()
      for (const bytes of list) gathered.push(bytes)
      return gathered.bytes()
    }
  ),
  row(
    "Utf8",
    "bytes one by one",
    (size) => bytesOf(repeat("漢")(size)),
    (list) => {
      const utf8 = Utf8.make()
      return list.map((bytes) => utf8.decode(bytes)).join("")
    }
  ),
  ...texts(
    "Redaction.withoutMedia",
    (text) => Redaction.withoutMedia(text, digest),
    repeat("data:"),
    repeat("data:a/a;a="),
    around("data:a/a", ";a=b", ""),
    repeat('"data":')
  ),
  ...texts(
    "Interpolation.literal",
    Interpolation.literal,
    repeat("${a:-"),
    repeat("${a}"),
    around("", "${a:-", "}"),
    repeat("$")
  ),
  ...texts(
    "ConfigIssue.didYouMean",
    (text) => ConfigIssue.didYouMean(text, ["max_body", "max_values"]),
    repeat("max_")
  ),
  ...texts(
    "HeaderParameters.of",
    HeaderParameters.of,
    repeat(";"),
    repeat("; a"),
    repeat('; a="'),
    repeat("; a=b"),
    repeat('; a="\\"'),
    around('; a="', "\\", "")
  ),
  ...texts("Boundary.of", Boundary.of, around("multipart/form-data; boundary=", "a", '"')),
  row(
    "FormScanner",
    "a file of beginnings of its boundary",
    (size) => around('--a\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n', "\r\n--", "")(size),
    (text) => scanned([Buffer.from(text)])
  ),
  row(
    "FormScanner",
    "a file, byte by byte",
    (size) => bytesOf(around('--a\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n', "x", "")(size)),
    scanned
  ),
  row(
    "FormScanner",
    "a field, byte by byte",
    (size) => bytesOf(around('--a\r\ncontent-disposition: form-data; name="f"\r\n\r\n', "x", "\r\n--a--")(size)),
    scanned,
    { most: 64 * 1024 }
  ),
  ...texts(
    "Endpoint.of",
    (model) => Endpoint.of({ backend: backend({ base_url: "http://a/{model}" }), model }, "/x"),
    repeat("."),
    repeat("/")
  ),
  ...texts("Printable.line", Printable.line, repeat("\u001b["), repeat("a"), repeat("\u202e")),
  ...texts("Printable.lines", Printable.lines, repeat("\u001b[\n"), repeat("\n\ud83d")),
  ...texts("Printable.escaped", Printable.escaped, repeat("\u202e"), repeat("\u{e0001}"), repeat("a")),
  ...texts("Printable.brief", (text) => Printable.brief(text, 60), repeat("\u001b["), repeat("\u{1f600}")),
  ...texts("Csv.line", (text) => Csv.line([text]), repeat('"'), repeat(" "), repeat("-1e"))
]

describe("four times the foreign text takes less than six times the time", () => {
  for (const [where, what, measure] of rows) {
    // What is quadratic is so each time; a machine that others use is not.
    it(`${where}: ${what}`, { retry: 3 }, async () => {
      // Between two tests whoever runs them wants to be heard.
      await new Promise((resolve) => setImmediate(resolve))
      assert.isBelow(measure(), linear)
    })
  }

  it("would not hold of what is quadratic", () => {
    const run = (text: string) => {
      let found = 0
      for (let at = 0; at < text.length; at++) found += text.indexOf("b", at)
      return found
    }
    assert.isAbove(growth({ of: repeat("a"), run }), linear)
  })
})
