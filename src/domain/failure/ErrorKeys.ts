// The names under which errors say what they say, for all who read them. The first that is there counts.

/** Fields with an error's words, which nothing but an error or a report has beside no answer. */
export const words = [
  "message",
  "msg",
  "status_msg",
  "error_msg",
  "error_message",
  "errorMessage",
  "Message",
  "errmsg",
  "errMsg",
  "err_msg",
  "result_msg",
  "resultMsg",
  "faultstring",
  "detail",
  "error_description"
]

/** Fields that hold the words of what is known to be an error, but may be a part of anything. */
export const vagueWords = ["description", "title", "reason"]

/** Where the words of an error are looked for; an `error` that is a text has some as well. */
export const messages = [...words, "error", ...vagueWords]

/** Fields with the kind of an error. */
export const types = ["type", "error_type", "errorType", "__type"]

/** Fields with a code that only an error has. */
export const errorCodes = ["error_code", "errorCode", "errcode", "err_code", "errno"]

const responseCodes = ["status_code", "statusCode"]

const resultCodes = ["Code", "ret", "retcode", "result_code", "resultCode"]

const httpStatuses = ["http_status", "http_code"]

/** Fields with a code that answers may have as well, which then says that all is well. */
export const answerCodes = ["code", ...responseCodes, ...resultCodes, ...httpStatuses]

/** Fields with the code of an error. */
export const codes = ["code", ...errorCodes, ...responseCodes, ...resultCodes]

/** Fields that may hold an HTTP status as a number. */
export const statuses = ["status", ...responseCodes, ...httpStatuses, "code", ...errorCodes]

/** Fields that tell what an object is, an error or anything else. */
export const kinds = [...types, "status", "event", "object", "name"]

/** Fields with a name from which the status of an error can be told. */
export const names = [...types, "code", "Code", "status", ...errorCodes, "name"]
