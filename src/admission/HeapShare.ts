import { getHeapStatistics } from "node:v8"

/** What a byte of a request or an answer comes to in memory while it is read, parsed, written anew and recorded. */
const timesHeld = 12

/** How many bytes of requests and answers the heap of this process has room for, all together. */
export const bytes = (): number => Math.floor(getHeapStatistics().heap_size_limit / timesHeld)
