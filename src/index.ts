// What `causeway` exports: the gateway, and each of the other entries by its name, so that
// `import * as Gateway from "causeway"` and `import { Completions, Gateway } from "causeway"` both do. `causeway/testing`
// stays apart: no app that serves loads it.
export * from "./Gateway.js"
export * as Admission from "./admission/Admission.js"
export * as Backends from "./upstream/Backends.js"
export * as Completions from "./exchange/Completions.js"
export * as ConfigRef from "./config/ConfigRef.js"
export * as Drain from "./exchange/Drain.js"
export * as Failure from "./domain/failure/Failure.js"
export * as Forwarder from "./upstream/forward/Forwarder.js"
export * as Gateway from "./Gateway.js"
export * as GatewayConfig from "./domain/config/GatewayConfig.js"
export * as Preparation from "./domain/protocol/Preparation.js"
export * as RequestLog from "./records/RequestLog.js"
export * as RequestRecord from "./domain/record/RequestRecord.js"
export * as Routing from "./domain/routing/Routing.js"
export * as StreamFailure from "./domain/failure/StreamFailure.js"
export * as Transport from "./upstream/Transport.js"
