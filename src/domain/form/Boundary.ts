import * as HeaderParameters from "./HeaderParameters.js"

/** What stands between the parts of a form, by its `content-type`; undefined where that is none of a form. */
export const of = (contentType: string): string | undefined => {
  const { parameters, value } = HeaderParameters.of(contentType)
  const boundary = parameters.get("boundary")
  return value === "multipart/form-data" && boundary !== undefined && isBoundary.test(boundary) ? boundary : undefined
}

/** It as a parameter of a header. */
export const written = (boundary: string): string => (isToken.test(boundary) ? boundary : `"${boundary}"`)

// RFC 2046, 5.1.1, where 70 characters are the most.
const isBoundary = /^[\w'()+,./:=? -]{1,200}$/

const isToken = /^[\w'+.-]+$/
