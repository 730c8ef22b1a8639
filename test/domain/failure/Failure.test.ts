import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Failure from "../../../src/domain/failure/Failure.js"

describe("Failure", () => {
  it("says in one line what a cause says of itself", () => {
    assert.strictEqual(Failure.reasonOf(new Error("outer", { cause: new Error("inner") })), "inner")
    assert.strictEqual(Failure.reasonOf(new Error("outer", { cause: "text" })), "outer")
    assert.strictEqual(Failure.reasonOf(Object.assign(new Error(""), { code: "ECONNRESET" })), "ECONNRESET")
    assert.strictEqual(Failure.reasonOf("text"), "text")
    assert.strictEqual(Failure.reasonOf(undefined), "undefined")
  })

  it("names the place of everything wrong in a configuration", () => {
    const issues = [
      { path: ["openai_clients", 0, "name"], message: "is required", line: 2, column: 5 },
      { path: ["log"], message: "expected a mapping, got a list" },
      { path: [], message: "expected a mapping, got nothing" }
    ]
    assert.strictEqual(
      new Failure.ConfigInvalid({ path: "config.yaml", issues }).message,
      [
        "config.yaml:2:5: openai_clients[0].name: is required",
        "config.yaml: log: expected a mapping, got a list",
        "config.yaml: expected a mapping, got nothing"
      ].join("\n")
    )
  })

  it("names the file and the place where it is no YAML or cannot be read", () => {
    assert.strictEqual(
      new Failure.ConfigMalformed({ path: "c.yaml", line: 3, column: 1, reason: "bad indent" }).message,
      "c.yaml:3:1: bad indent"
    )
    assert.strictEqual(
      new Failure.ConfigUnreadable({ path: "c.yaml", cause: new Error("ENOENT") }).message,
      "c.yaml: cannot be read: ENOENT"
    )
  })

  it("says of an attempt what kept it", () => {
    const after = Duration.seconds(10)
    const cause = new Error("ECONNREFUSED")
    const messages = [
      new Failure.ConnectFailed({ timedOut: false, cause }),
      new Failure.ConnectionLost({ requestSent: true, cause }),
      new Failure.HeadersTimedOut({ after }),
      new Failure.FirstTokenTimedOut({ after }),
      new Failure.TotalTimedOut({ after })
    ].map((failure) => failure.message)
    assert.deepStrictEqual(messages, [
      "connection not made: ECONNREFUSED",
      "connection lost before the answer: ECONNREFUSED",
      "no response head within 10s",
      "no content within 10s",
      "no complete answer within 10s"
    ])
  })
})
