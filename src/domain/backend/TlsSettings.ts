import * as Schema from "effect/Schema"
import { optional } from "../schema/ConfigSchema.js"

/** Whom to trust at a backend, and as whom to speak to it: files in PEM. */
export const TlsSettings = Schema.Struct({
  ca: optional(Schema.NonEmptyString).annotations({
    description: "A file of the certificates to trust in place of Node's own, in PEM. [How](network.md#tls)."
  }),
  cert: optional(Schema.NonEmptyString).annotations({
    description: "A file of the certificate that the gateway shows, with those in between; it needs `key`."
  }),
  key: optional(Schema.NonEmptyString).annotations({
    description: "A file of the key to that certificate, without a passphrase."
  })
})
export interface TlsSettings extends Schema.Schema.Type<typeof TlsSettings> {}
