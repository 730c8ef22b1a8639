import { assert, describe, it } from "@effect/vitest"
import * as ErrorStatus from "../../../src/domain/failure/ErrorStatus.js"

const request = "invalid_request_error"

const errors: ReadonlyArray<readonly [error: Readonly<Record<string, string>>, status: number]> = [
  [{ code: "invalid_token" }, 401],
  [{ type: "InvalidTokenException" }, 401],
  [{ code: "invalid_tokens" }, 400],
  [{ code: "invalid_token_count" }, 400],
  [{ code: "request_timeout" }, 504],
  [{ code: "invalid_timeout_param" }, 400],
  [{ code: "invalid_timeout" }, 400],
  [{ code: "timeout_parameter" }, 400],
  [{ code: "too_many_requests" }, 429],
  [{ code: "TooManyRequests" }, 429],
  [{ code: "too_many_concurrent_requests" }, 429],
  [{ code: "too_many_tokens_per_minute" }, 429],
  [{ code: "too_many_images" }, 400],
  [{ code: "TooManyTools" }, 400],
  [{ type: request, code: "too_many_images" }, 400],
  [{ type: request, code: "too_many_tools" }, 400],
  [{ type: request, code: "service_unavailable_param" }, 400],
  [{ type: request, code: "unavailable_voice" }, 400],
  [{ type: request, code: "quota_field" }, 400],
  [{ type: request, code: "invalid_api_key" }, 401],
  [{ type: request, code: "model_not_found" }, 404],
  [{ type: request, code: "rate_limit_exceeded" }, 429],
  [{ type: request, code: "insufficient_quota" }, 429],
  [{ type: request, code: "permission_denied" }, 403],
  [{ code: "access_denied" }, 403],
  [{ code: "image_access_denied" }, 400],
  [{ code: "ImageAccessDenied" }, 400],
  [{ code: "image_url_unavailable" }, 400],
  [{ code: "file_download_timeout" }, 400],
  [{ code: "profile_unavailable" }, 503],
  [{ code: "image_service_unavailable" }, 503],
  [{ type: "invalid_response_error" }, 502],
  [{ type: "internal_error", code: "invalid_state" }, 502],
  [{ code: "invalid_state" }, 502],
  [{ type: "RuntimeError", code: "ParameterServerDown" }, 502],
  [{ code: "ParameterServerDown" }, 502],
  [{ type: "server_error", code: "rate_limit_exceeded" }, 429],
  [{ type: "internal_error", message: "Rate limit reached" }, 429],
  [{ code: "invalid_response_format" }, 400],
  [{ code: "InvalidParameter" }, 400]
]

describe("ErrorStatus", () => {
  for (const [error, status] of errors) {
    it(`is ${status} for ${JSON.stringify(error)}`, () => {
      assert.strictEqual(ErrorStatus.of(error), status)
      assert.strictEqual(ErrorStatus.of({ error: { message: "m", ...error } }), status)
    })
  }
})
