import { oncePer } from "../text/OncePer.js"

/** Where a backend is, as its `base_url` says. */
export interface BackendAddress {
  /** Of a Unix socket, the name that its requests are for. */
  readonly origin: string
  /** The path of a Unix socket. */
  readonly socketPath: string | undefined
  readonly pathname: string
  readonly search: string
}

/** The scheme of a Unix socket, whose URL is `http+unix://` + the path of the socket + `:` + the path of the API. */
const unix = "http+unix:"
/** What is asked for over a Unix socket, where there is no host. */
const localOrigin = "http://localhost"
/** The path of a Unix socket has room for so many bytes. */
const longestSocket = 107

/** What a URL says of where a backend is; undefined where it is none that a backend can have. */
export const parse = (text: string): BackendAddress | undefined => {
  if (!URL.canParse(text)) return undefined
  const { host, origin, password, pathname, protocol, search, username } = new URL(text)
  if (username !== "" || password !== "" || /[{}]/.test(host)) return undefined
  if (protocol !== unix)
    return /^https?:$/.test(protocol) ? { origin, socketPath: undefined, pathname, search } : undefined
  const colon = pathname.indexOf(":")
  const socketPath = decoded(colon === -1 ? pathname : pathname.slice(0, colon))
  const rest = colon === -1 ? "" : pathname.slice(colon + 1)
  if (host !== "" || socketPath === undefined || !/^(?:\/|$)/.test(rest)) return undefined
  return { origin: localOrigin, socketPath, pathname: rest, search }
}

/** Where a backend is. */
export const of: (backend: { readonly baseUrl: string }) => BackendAddress = oncePer(
  ({ baseUrl }) => parse(baseUrl) ?? { origin: baseUrl, socketPath: undefined, pathname: "", search: "" }
)

/** What stands before the path in a URL that is shown. */
export const shownOrigin = ({ origin, socketPath }: BackendAddress): string =>
  socketPath === undefined ? origin : `${unix}//${encodeURI(socketPath).replaceAll(":", "%3A")}:`

const decoded = (pathname: string): string | undefined => {
  try {
    const path = decodeURIComponent(pathname)
    const isSocket = path.length > 1 && !path.includes("\0") && new TextEncoder().encode(path).length <= longestSocket
    return isSocket ? path : undefined
  } catch {
    return undefined
  }
}
